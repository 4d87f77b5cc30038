import os

fd = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(fd, b'abc')
r, w = os.pipe()
if os.fork() == 0:
    os.close(fd)
    other = os.open('g', os.O_RDWR | os.O_CREAT)
    os.write(w, b'%d' % (other == fd))
    os._exit(0)
os.wait()
print(os.read(r, 1), os.pread(fd, 3, 0))
