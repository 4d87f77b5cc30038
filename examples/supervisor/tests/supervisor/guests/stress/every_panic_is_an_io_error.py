import ctypes, fcntl, os, select

libc = ctypes.CDLL(None, use_errno=True)


def call(*args):
    if libc.syscall(*args) < 0:
        raise OSError(ctypes.get_errno(), '')


# No kernel has a descriptor there: so all of these are intercepted.
f = 1 << 21
made = os.open('f', os.O_RDWR | os.O_CREAT)
libc.syscall(33, made, f) < 0 and libc.syscall(292, made, f, 0)
count = 0
for n in range(20):
    try:
        CALL
    except OSError as e:
        count += e.errno == 5
print(count, os.fstat(f).st_size >= 0)
