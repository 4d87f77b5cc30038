before = supervisors()
fds = []
error = 0
import resource

limit = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65536)
try:
    while len(fds) < 70000:
        fds.append(os.open('f', os.O_RDWR | os.O_CREAT))
except OSError as e:
    error = e.errno
print(error in (23, 24), os.system('echo a child needs files too > g; cat g') if error == 24 else 0)
[os.close(fd) for fd in fds]
print(returns_to(before))
print(open('f').read())
