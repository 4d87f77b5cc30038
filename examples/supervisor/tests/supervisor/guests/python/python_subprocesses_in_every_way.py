import subprocess, sys, os, tempfile

with open('in', 'w') as f:
    f.write('line\n' * 1000)
with open('in') as i, open('out', 'w') as o, open('err', 'w') as e:
    print(subprocess.call('cat; echo err >&2; exit 4', shell=True, stdin=i, stdout=o, stderr=e))
print(os.path.getsize('out'), open('err').read())
a = subprocess.Popen(['cat', 'in'], stdout=subprocess.PIPE)
b = subprocess.Popen(['wc', '-l'], stdin=a.stdout, stdout=subprocess.PIPE)
a.stdout.close()
print(b.communicate()[0].strip(), a.wait())
p = subprocess.Popen(
    [sys.executable, '-c', 'import sys; [print(l.strip().upper(), flush=True) for l in sys.stdin]'],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    text=True,
)
for w in ('one', 'two'):
    p.stdin.write(w + '\n')
    p.stdin.flush()
    print(p.stdout.readline().strip())
p.stdin.close()
print(p.wait())
p.stdout.close()
f = open('in')
os.set_inheritable(f.fileno(), True)
print(
    subprocess.run(
        ['sh', '-c', 'head -c 9 /dev/fd/%d' % f.fileno()],
        pass_fds=[f.fileno()],
        capture_output=True,
    ).stdout
)
print(
    subprocess.run(
        [
            sys.executable,
            '-c',
            'import os, sys; print(os.pread(int(sys.argv[1]), 4, 5))',
            str(f.fileno()),
        ],
        close_fds=False,
        capture_output=True,
    ).stdout
)
try:
    subprocess.run(['no-such'])
except FileNotFoundError as e:
    print(e)
try:
    subprocess.run(['sleep', '9'], timeout=0.1)
except subprocess.TimeoutExpired as e:
    print(e.cmd)
print(
    subprocess.run(['sh', '-c', 'kill -9 $$']).returncode,
    subprocess.run(['pwd'], cwd='/', capture_output=True).stdout,
)
t = tempfile.TemporaryFile()
subprocess.run(['echo', 'to a temporary file'], stdout=t)
t.seek(0)
print(t.read())
