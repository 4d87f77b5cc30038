import os, fcntl, signal

for i in range(50):
    a = os.open('f', os.O_RDWR | os.O_CREAT)
    b = os.open('f', os.O_RDWR)
    fcntl.flock(a, fcntl.LOCK_EX)
    try:
        fcntl.flock(b, fcntl.LOCK_EX | fcntl.LOCK_NB)
        print('both')
    except BlockingIOError:
        pass
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.close(a)
    os.waitpid(pid, 0)
    fcntl.flock(b, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(b)
print('free every time')
