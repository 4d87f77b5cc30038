import os, socket, array

open('f', 'w').write('hello')
f = os.open('f', os.O_RDWR)
os.dup2(f, 1700)
d = os.open('.', os.O_RDONLY)
a, b = socket.socketpair()
socket.send_fds(a, [b'x'], [f, 1700, d, 0])
m, fds, *_ = socket.recv_fds(b, 9, 9)
print(
    m,
    [os.pread(x, 5, 0) if os.path.isfile('/proc/self/fd/%d' % x) else 0 for x in fds],
    os.listdir(fds[2]),
)
os.lseek(f, 2, 0)
print(os.read(fds[1], 2), os.lseek(fds[0], 0, 1))
[os.close(x) for x in fds]
if os.fork() == 0:
    m, fds, *_ = socket.recv_fds(b, 9, 9)
    os.write(fds[0], b'child')
    os._exit(0)
os.lseek(f, 0, 0)
socket.send_fds(a, [b'y'], [f])
os.wait()
print(os.lseek(f, 0, 1), open('f').read())
for bad in ([1800], [-1], [f, 99999]):
    try:
        socket.send_fds(a, [b'z'], bad)
        print('sent')
    except OSError as e:
        print(e.errno)
socket.send_fds(a, [b'w'], [f])
os.close(f)
os.close(1700)
fds = socket.recv_fds(b, 1, 1)[1]
print(os.pread(fds[0], 9, 0))
l = socket.socket(socket.AF_UNIX)
l.bind('sock')
l.listen()
os.dup2(l.fileno(), 1750)
c = socket.socket(socket.AF_UNIX)
c.connect('sock')
s, _ = socket.socket(fileno=1750).accept()
os.dup2(c.fileno(), 1751)
t = socket.socket(fileno=1751)
t.sendall(b'high')
print(s.recv(9), t.getsockname(), t.getpeername(), t.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))
t.shutdown(1)
print(s.recv(9))
