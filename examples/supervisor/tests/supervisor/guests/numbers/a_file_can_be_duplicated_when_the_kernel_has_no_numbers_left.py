import ctypes, fcntl, os

dup = ctypes.CDLL(None).dup
f, g = [os.open('f', os.O_RDWR | os.O_CREAT) for n in range(2)]
os.write(f, b'abc')
fcntl.flock(g, fcntl.LOCK_SH)
pipes = [os.pipe() for n in range(505)]
for fd in (f, g):
    fds = [dup(fd) for n in range(20)]
    print(len(set(fds)), [os.pread(n, 1, 0) for n in fds])
