import os, sys


def look():
    for call in (
        os.fstat,
        os.close,
        os.fchdir,
        lambda fd: os.read(fd, 1),
        lambda fd: os.dup(fd),
        lambda fd: os.dup2(fd, 1500),
    ):
        try:
            print('open', call(1023))
        except OSError as e:
            print(e.errno)
    sys.stdout.flush()


look()
try:
    os.execv('/no/such', ['x'])
except OSError:
    look()
for generation in range(2):
    if os.fork():
        os.wait()
        break
    look()
