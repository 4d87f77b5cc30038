import threading, subprocess, os


def work(i):
    for n in range(12):
        fd = os.open('f%d' % i, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.write(fd, b'%d' % n)
        out = subprocess.check_output(['cat', 'f%d' % i])
        assert out == b'%d' % n, out
        os.close(fd)


threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
[t.start() for t in threads]
[t.join() for t in threads]
