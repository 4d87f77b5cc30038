import os

fds = [os.open('f%d' % i, os.O_RDWR | os.O_CREAT) for i in range(20)]
for i in range(200):
    pid = os.fork()
    if pid == 0:
        os.write(fds[i % 20], b'%d\n' % i)
        os.close(fds[(i + 1) % 20])
        os._exit(i % 7)
    assert os.waitpid(pid, 0)[1] >> 8 == i % 7
print([os.fstat(fd).st_size for fd in fds])
