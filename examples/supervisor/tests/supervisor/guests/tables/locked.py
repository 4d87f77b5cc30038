import os, fcntl


def locked():
    pid = os.fork()
    if pid == 0:
        try:
            fcntl.lockf(os.open('f', os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            os._exit(e.errno)
        os._exit(0)
    return os.waitpid(pid, 0)[1] >> 8
