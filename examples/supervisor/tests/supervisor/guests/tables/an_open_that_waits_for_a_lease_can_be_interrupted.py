import fcntl, os, signal, time


class Alarm(Exception):
    pass


def ring(*_):
    raise Alarm


signal.signal(signal.SIGIO, signal.SIG_IGN)
signal.signal(signal.SIGALRM, ring)
w = os.dup2(os.open('f', os.O_RDONLY | os.O_CREAT), 1500)
r = os.open('f', os.O_RDONLY)
fcntl.fcntl(r, fcntl.F_SETLEASE, fcntl.F_RDLCK)
start = time.time()
try:
    os.open(PATH, os.O_RDWR | os.O_NONBLOCK)
except OSError as e:
    print(e.errno)
signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
try:
    os.open(PATH, os.O_RDWR)
except Alarm:
    print('interrupted', time.time() - start < 20)
signal.setitimer(signal.ITIMER_REAL, 0)
fcntl.fcntl(r, fcntl.F_SETLEASE, fcntl.F_UNLCK)
print(fcntl.fcntl(os.open(PATH, os.O_RDWR), fcntl.F_GETFL) & os.O_NONBLOCK)
