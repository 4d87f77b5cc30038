import ctypes, os, sys, threading


def is_open(fd):
    try:
        os.fstat(fd)
        return True
    except OSError:
        return False


if sys.argv[1:]:
    print([is_open(int(fd)) for fd in sys.argv[1:]])
    sys.exit()
libc = ctypes.CDLL(None)
f, g = [os.open('f', os.O_RDWR | os.O_CREAT) for n in range(2)]
os.set_inheritable(g, True)


def close():
    while True:
        libc.close_range(2079, 2079, 0)


threading.Thread(target=close, daemon=True).start()
argv = (ctypes.c_char_p * 2)(b'x', None)
print(sum(libc.execv(b'/no/such', argv) == -1 and is_open(f) for n in range(1000)), flush=True)
os.execv(sys.executable, sys.orig_argv + [str(f), str(g)])
