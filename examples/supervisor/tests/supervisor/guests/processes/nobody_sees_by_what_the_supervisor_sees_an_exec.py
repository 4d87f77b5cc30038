import os, sys


def look():
    for call in (
        os.close,
        lambda fd: os.dup2(fd, 1500),
    ):
        try:
            print('open', call(2079))
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
