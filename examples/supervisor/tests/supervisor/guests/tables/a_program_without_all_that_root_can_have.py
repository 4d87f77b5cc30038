import ctypes, os, sys

libc = ctypes.CDLL(None)
if sys.argv[1:]:
    try:
        os.write(os.open('f', os.O_RDWR), b'x')
        print('written')
    except OSError as e:
        print(e.errno)
    sys.exit()
os.close(os.open('f', os.O_RDWR | os.O_CREAT, 0o400))
DROP
os.execv(sys.executable, sys.orig_argv + ['again'])
