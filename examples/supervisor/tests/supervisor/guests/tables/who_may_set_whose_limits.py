import os, resource


def limit(pid, *new):
    try:
        print(resource.prlimit(pid, resource.RLIMIT_NOFILE, *new))
    except (OSError, ValueError) as e:
        print(type(e).__name__, e)
    print(resource.getrlimit(resource.RLIMIT_NOFILE), flush=True)


def tries():
    limit(0, (500, 4000))
    limit(os.getpid(), (600, 3000))
    limit(parent)
    limit(parent, (400, 3000))
    limit(0, (500, 3001))


resource.setrlimit(resource.RLIMIT_NOFILE, (500, 3000))
parent = os.getpid()
for uid in (0, 65534):
    if os.fork() == 0:
        if os.getuid() == 0:
            os.setuid(uid)
        tries()
        os._exit(0)
    os.wait()
