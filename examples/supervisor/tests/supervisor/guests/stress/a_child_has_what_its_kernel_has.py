import mmap, os, threading

f = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(f, b'abc' * 10)
stop = False


def churn(i):
    n = 0
    while not stop:
        fd = os.dup2(f, 1100 + 10 * i + n % 10)
        mmap.mmap(fd, 1).close()
        n += 1
        if n % 3:
            os.close(fd)


def check():
    bad = 0
    for fd in range(1100, 1140):
        try:
            os.fstat(fd)
            is_open = True
        except OSError:
            is_open = False
        try:
            mmap.mmap(fd, 1).close()
            mapped = True
        except OSError:
            mapped = False
        bad += is_open != mapped
    return min(bad, 99)


ts = [threading.Thread(target=churn, args=(i,)) for i in range(4)]
[t.start() for t in ts]
bad = 0
for n in range(60):
    pid = os.fork()
    if pid == 0:
        os._exit(check())
    bad += os.waitpid(pid, 0)[1] >> 8
stop = True
[t.join() for t in ts]
print(bad)
