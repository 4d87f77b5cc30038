import os, fcntl

# A low number, so that the ranges leave it alone.
f = os.dup2(os.open('f', os.O_RDWR | os.O_CREAT), 30)
ns = list(range(1024, 1034)) + [2000, 3000, 5000]


def fstat(n):
    try:
        os.fstat(n)
        return 1
    except OSError as e:
        return -e.errno


def fill():
    [os.dup2(f, n) for n in ns]


fill()
os.closerange(1026, 1030)
print([fstat(n) for n in ns])
os.closerange(1020, 2500)
print([fstat(n) for n in (1024, 2000, 3000)])
fill()
pid = os.fork()
if pid == 0:
    os.closerange(3, 100000)
    os._exit(sum(fstat(n) == 1 for n in ns))
print(os.waitpid(pid, 0)[1], sum(fstat(n) == 1 for n in ns))
os.closerange(4000, 1 << 30)
print([fstat(n) for n in ns])
import ctypes

c = ctypes.CDLL(None, use_errno=True)
print(
    c.syscall(436, 1030, 4000, 4),
    [os.get_inheritable(n) for n in (1029, 1030, 2000, 3000)],
    c.syscall(436, 5, 4, 0),
    ctypes.get_errno(),
    c.syscall(436, 2000, 2000, 8),
    ctypes.get_errno(),
)
print(c.syscall(436, 1500, 0xFFFFFFFF, 2), [fstat(n) for n in ns])
r, w = os.pipe()
os.dup2(w, 4500)
os.close(w)
os.closerange(4400, 4600)
print(os.read(r, 1))
