import os, resource

resource.setrlimit(resource.RLIMIT_NOFILE, (3000, 4000))
print(resource.getrlimit(resource.RLIMIT_NOFILE))
for n in (2999, 3000):
    try:
        print(os.dup2(0, n))
    except OSError as e:
        print(e.errno)
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 4000))
print(os.dup2(2999, 2999), os.fstat(2999).st_mode == os.fstat(0).st_mode)
opened = []
try:
    while True:
        opened.append(os.open('/', os.O_RDONLY))
except OSError as e:
    print(e.errno)
for fd in opened:
    os.close(fd)
os.close(os.open('/', os.O_RDONLY))
