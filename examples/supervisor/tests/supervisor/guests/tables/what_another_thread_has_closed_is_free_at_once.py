import fcntl, mmap, os, threading

f = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(f, b'abc')
done = threading.Event()


def mapped():
    fd = os.open('f', os.O_RDWR)
    mmap.mmap(fd, 3).close()
    return fd


def closed(close, *args):
    closed = threading.Event()

    def work():
        close(*args)
        closed.set()
        done.wait()

    threading.Thread(target=work, daemon=True).start()
    closed.wait()


for n in range(20):
    a, b, c, d = [mapped() for n in range(4)]
    closed(os.close, a)
    print(os.open('f', os.O_RDWR) == a)
    closed(os.close, b)
    print(os.dup2(f, b) == b, os.read(b, 1))
    closed(os.closerange, c, d + 1)
    print(fcntl.fcntl(f, fcntl.F_DUPFD, c) == c, os.dup2(0, d) == d)
    os.lseek(f, 0, 0)
    [os.close(n) for n in (a, b, c, d)]
done.set()
