import mmap, os, threading

bad = []


def work(i):
    name = 'f%d' % i
    open(name, 'wb').write(b'%d' % i * 10)
    for n in range(400):
        fd = os.open(name, os.O_RDWR)
        try:
            m = mmap.mmap(fd, 10)
            ok = m[:1] == b'%d' % i and os.pread(fd, 1, 1) == b'%d' % i
            m.close()
            if not ok:
                bad.append('other')
        except OSError as e:
            bad.append(e.errno)
        os.close(fd)


ts = [threading.Thread(target=work, args=(i,)) for i in range(4)]
[t.start() for t in ts]
[t.join() for t in ts]
print(bad)
