import resource

resource.setrlimit(resource.RLIMIT_NOFILE, (6000, 6000))
before = supervisors()
counts = []


def fill():
    fds = []
    try:
        while True:
            fds.append(os.open('f', os.O_RDWR | os.O_CREAT))
    except OSError as e:
        return fds, e.errno


for n in range(3):
    fds, error = fill()
    counts.append((len(fds), error))
    [os.close(fd) for fd in fds]
print(len(set(counts)), counts[0][0] > 3000, counts[0][1], returns_to(before))
fds, error = fill()
child = os.fork()
if child == 0:
    [os.close(fd) for fd in fds]
    os._exit(len(fill()[0]) == len(fds))
print(os.waitpid(child, 0)[1] >> 8, os.pread(fds[7], 1, 0))
[os.close(fd) for fd in fds]
print(returns_to(before))
