import os, signal

hits = 0


def count(*_):
    global hits
    hits += 1


signal.signal(signal.SIGALRM, count)
signal.siginterrupt(signal.SIGALRM, False)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
fd = os.open('f', os.O_RDWR | os.O_CREAT)
for i in range(4000):
    os.write(fd, b'x')
signal.setitimer(signal.ITIMER_REAL, 0)
print(os.fstat(fd).st_size, hits > 0)
