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
argv = (ctypes.c_char_p * 2)(b'x', None)
f, g = [os.open('f', os.O_RDWR | os.O_CREAT) for n in range(2)]
os.set_inheritable(g, True)
ready = threading.Event()


def own():
    libc.unshare(0x400)
    OWN_EXEC
    own = os.open('g', os.O_RDWR | os.O_CREAT)
    ready.set()
    while is_open(own):
        pass


threading.Thread(target=own, daemon=True).start()
ready.wait()
print(sum(libc.execv(b'/no/such', argv) == -1 and is_open(f) for n in range(300)), flush=True)
os.execv(sys.executable, sys.orig_argv + [str(f), str(g)])
