import fcntl, os, struct

f = open('f', 'w+b')
f.write(b'x' * 100)
f.flush()
g = open('f', 'r+b')


def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except OSError as e:
            os._exit(e.errno)
    return os.waitpid(pid, 0)[1] >> 8


take = lambda: fcntl.lockf(open('f', 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 20)
fcntl.lockf(f, fcntl.LOCK_EX, 10, 0)
print(child(take))
fcntl.lockf(f, fcntl.LOCK_EX, 50, 40)
print(child(take), child(lambda: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 30)))
q = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0)
print(struct.unpack('hhqqi4x', fcntl.fcntl(g, fcntl.F_GETLK, q))[0] == fcntl.F_UNLCK)
g.close()
print(child(take))
fcntl.flock(f, fcntl.LOCK_EX)
h = open('f')
print(
    child(lambda: fcntl.flock(h, fcntl.LOCK_SH | fcntl.LOCK_NB)),
    child(lambda: fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)),
)
ofd = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0)
fcntl.fcntl(f, 37, ofd)
try:
    fcntl.fcntl(open('f', 'r+b'), 37, ofd)
    print('both')
except OSError as e:
    print(e.errno)
d = os.dup(f.fileno())
f.close()
k = open('f', 'r+b')
try:
    fcntl.fcntl(k, 37, ofd)
    print('both')
except OSError as e:
    print(e.errno)
os.close(d)
fcntl.fcntl(k, 37, ofd)
print('free')
k.close()
k = open('f', 'r+b')
pid = os.fork()
if pid == 0:
    fcntl.lockf(open('f', 'r+b'), fcntl.LOCK_EX)
    os._exit(0)
print(os.waitpid(pid, 0)[1])
fcntl.lockf(k, fcntl.LOCK_EX | fcntl.LOCK_NB)
print('gone with its process')
