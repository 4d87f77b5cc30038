import sys

if sys.argv[1:]:
    print(locked())
else:
    r, w = os.open('f', os.O_RDONLY | os.O_CREAT), os.open('f', os.O_RDWR)
    os.set_inheritable(r, True)
    os.set_inheritable(w, STAYS)
    fcntl.lockf(r, fcntl.LOCK_SH)
    os.execv(sys.executable, sys.orig_argv + ['again'])
