import os, resource, threading


def limit(*new):
    print(resource.prlimit(threading.get_native_id(), resource.RLIMIT_NOFILE, *new)[0])


def ask():
    limit()
    limit((3000, 4000))


t = threading.Thread(target=ask)
t.start()
t.join()
print(
    resource.getrlimit(resource.RLIMIT_NOFILE),
    len([os.open('/', os.O_RDONLY) for n in range(900)]),
    os.dup2(0, 2999),
)
