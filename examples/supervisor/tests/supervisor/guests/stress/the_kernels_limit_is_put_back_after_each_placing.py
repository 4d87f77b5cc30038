import mmap


def limit():
    return [int(l.split()[3]) for l in open('/proc/self/limits') if l.startswith('Max open files')][
        0
    ]


f = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(f, b'abc')
limits = set()
stop = False


def promote(i):
    for n in range(150):
        fd = os.dup2(f, 1500 + 1000 * i + n)
        mmap.mmap(fd, 1).close()


ts = [threading.Thread(target=promote, args=(i,)) for i in range(4)]
[t.start() for t in ts]
for n in range(40):
    pid = os.fork()
    if pid == 0:
        os.close(os.open('f', os.O_RDWR))
        os._exit(limit() == 1024)
    limits.add(os.waitpid(pid, 0)[1] >> 8)
[t.join() for t in ts]
print(limit(), limits, len(os.listdir('/proc/self/fd')) > 600)
