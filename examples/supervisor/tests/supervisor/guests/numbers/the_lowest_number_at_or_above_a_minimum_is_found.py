import os, fcntl

f = os.open('f', os.O_RDWR | os.O_CREAT)
print(
    fcntl.fcntl(f, fcntl.F_DUPFD, 5000),
    fcntl.fcntl(f, fcntl.F_DUPFD_CLOEXEC, 5000),
    fcntl.fcntl(f, fcntl.F_DUPFD, 5000),
)
os.close(5001)
print(fcntl.fcntl(f, fcntl.F_DUPFD, 5000))
print([os.get_inheritable(n) for n in (5000, 5001, 5002)])
print(fcntl.fcntl(0, fcntl.F_DUPFD, 7000), fcntl.fcntl(0, fcntl.F_DUPFD, 7000))
for bad in (-1, 65536):
    try:
        fcntl.fcntl(f, fcntl.F_DUPFD, bad)
    except OSError as e:
        print(e.errno)
