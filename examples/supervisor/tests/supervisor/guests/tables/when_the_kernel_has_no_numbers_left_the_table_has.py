import os, socket

fds = [os.open('/etc/passwd', os.O_RDONLY) for i in range(3000)]
assert len(set(fds)) == 3000 and min(fds) < 10 and max(fds) > 1023
assert all(os.pread(fd, 4, 0) == b'root' for fd in fds)
# Some are left for what only the kernel can open.
print(len([socket.socket() for i in range(100)]))
for fd in fds:
    os.close(fd)
print(os.open('/etc/passwd', os.O_RDONLY) < 200)
