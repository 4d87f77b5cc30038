import fcntl, os

f = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(f, b'0123456789')
os.lseek(f, 2, 0)
print(
    f,
    os.read(f, 3),
    os.pread(f, 2, 0),
    os.fstat(f).st_size,
    os.dup2(f, f + 7),
    os.get_inheritable(f + 7),
    os.ftruncate(f, 5),
    os.lseek(f + 7, 0, 2),
)
low = os.dup2(f, 50)
os.lseek(low, 0, 0)
print(os.read(f, 1), fcntl.fcntl(f, fcntl.F_GETFL) & 3)
pid = os.fork()
if pid == 0:
    os.write(f, b'child')
    os.close(f)
    os._exit(0)
print(os.waitpid(pid, 0)[1], os.pread(low, 9, 0))
os.close(f)
try:
    os.fstat(f)
except OSError as e:
    print(e.errno)
import mmap

try:
    mmap.mmap(f + 7, 1)
except OSError as e:
    print(e.errno)
