import fcntl, mmap, os, subprocess

f = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(f, b'0123456789')
g = os.open('g', os.O_RDWR | os.O_CREAT)
os.close(f)
f = os.open('f', os.O_RDWR)
print(
    f,
    g,
    mmap.mmap(f, 10)[:3],
    os.dup2(f, 1024),
    os.dup2(g, 19999),
    fcntl.fcntl(f, fcntl.F_DUPFD, f + 5),
)
pid = os.fork()
if pid == 0:
    os.write(19999, b'child')
    os._exit(0)
os.waitpid(pid, 0)
print(
    os.pread(g, 9, 0),
    subprocess.check_output(['cat', '/dev/fd/1024'], pass_fds=[1024]),
    subprocess.call(['sh', '-c', 'echo shell > h']),
    open('h').read(),
)
for n in range(100):
    os.open('f', os.O_RDWR)
os.closerange(f, f + 200)
try:
    os.fstat(f + 150)
except OSError as e:
    print(e.errno, os.open('f', os.O_RDWR))
