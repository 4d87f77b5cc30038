import os, time

open('f', 'w').write('abc')
open('g', 'w').write('xyz')
for i in range(5):
    a = os.open('f', os.O_RDONLY)
    pid = os.fork()
    if pid == 0:
        time.sleep(0.1)
        os._exit(0 if os.read(a, 3) == b'abc' else 1)
    os.close(a)
    b = os.open('g', os.O_RDONLY)
    assert os.waitpid(pid, 0)[1] == 0
    print(os.read(b, 3), a == b)
    os.close(b)
