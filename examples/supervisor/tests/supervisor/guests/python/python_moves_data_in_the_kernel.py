import os, socket, mmap

open('f', 'wb').write(bytes(range(256)) * 1000)
f = os.open('f', os.O_RDONLY)
a, b = socket.socketpair()
print(os.sendfile(a.fileno(), f, 10, 100), b.recv(200)[:5])
os.lseek(f, 5, 0)
print(os.sendfile(a.fileno(), f, None, 3), b.recv(9), os.lseek(f, 0, 1))
g = os.open('g', os.O_RDWR | os.O_CREAT)
print(
    os.copy_file_range(f, g, 1000, 0, 7),
    os.lseek(g, 0, 1),
    os.pread(g, 3, 7),
    os.copy_file_range(f, g, 10),
    os.lseek(f, 0, 1),
)
r, w = os.pipe()
print(
    os.splice(f, w, 50, offset_src=3),
    os.read(r, 3),
    os.lseek(f, 0, 1),
    os.splice(f, w, 20),
    os.lseek(f, 0, 1),
)
print(os.splice(r, g, 10, offset_dst=2), os.fstat(g).st_size)
h = os.open('h', os.O_RDWR | os.O_CREAT)
print(os.sendfile(h, f, 0, 256000) == 256000, os.pread(h, 2, 255))
os.posix_fadvise(f, 0, 0, os.POSIX_FADV_SEQUENTIAL)
os.posix_fallocate(h, 0, 300000)
print(os.fstat(h).st_size)
with open('f', 'rb') as x:
    a.settimeout(5)
    print(a.sendfile(x, 0, 5000), len(b.recv(5000, socket.MSG_WAITALL)))
for s, d in ((f, f), (w, g), (g, f)):
    try:
        print(os.sendfile(d, s, 0, 1))
    except OSError as e:
        print(e.errno)
v = [bytearray(3), bytearray(5)]
print(
    os.preadv(f, v, 2),
    v,
    os.pwritev(h, [b'ab', b'', b'cde'], 1),
    os.pread(h, 6, 0),
    os.writev(h, [b'xy'] * 1000),
    os.readv(f, [bytearray(1)] * 1024),
)
