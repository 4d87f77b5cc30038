import os, sys, subprocess

open('m.py', 'w').write('''
import multiprocessing as mp, os
def work(i): return i + 1, os.path.getsize('m.py') > 0
if __name__ == '__main__':
    for method in ('spawn', 'forkserver'):
        with mp.get_context(method).Pool(2) as pool: print(method, pool.map(work, range(4)))
''')
print(subprocess.run([sys.executable, 'm.py'], capture_output=True, text=True))
