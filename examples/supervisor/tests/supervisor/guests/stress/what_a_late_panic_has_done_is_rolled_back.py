import ctypes, fcntl, mmap, os

libc = ctypes.CDLL(None, use_errno=True)


def call(*args):
    if libc.syscall(*args) < 0:
        raise OSError(ctypes.get_errno(), '')


def mapped(fd):
    mmap.mmap(fd, 2).close()
    return fd


def again():
    return os.open('f', os.O_RDWR)


def is_closed(fd):
    try:
        os.fstat(fd)
    except OSError as e:
        return e.errno == 9


def seen():
    return sum(
        os.path.realpath('/proc/self/fd/' + n) == os.path.realpath('f')
        for n in os.listdir('/proc/self/fd')
    )


def supervisors():
    return len(os.listdir('/proc/%d/fd' % os.getppid()))


f = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(f, b'0123456789')
count = 0
BEFORE
open_before = supervisors()
for n in range(20):
    try:
        CALL
    except OSError as e:
        count += e.errno == 5
print(count, AFTER, supervisors() - open_before)
