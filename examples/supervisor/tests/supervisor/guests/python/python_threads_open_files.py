import threading, os

for i in range(8):
    open('f%d' % i, 'w').write(str(i) * 100)


def work(i):
    for n in range(300):
        fd = os.open('f%d' % i, os.O_RDONLY)
        assert os.read(fd, 3) == str(i).encode() * 3
        assert os.lseek(fd, -1, os.SEEK_END) == 99
        assert os.read(fd, 3) == str(i).encode()
        os.close(fd)


threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
print(len([fd for fd in os.listdir('/proc/self/fd') if int(fd) > 1023]))
