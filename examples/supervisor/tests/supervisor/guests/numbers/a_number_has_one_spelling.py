import os

f = os.dup2(os.open('f', os.O_RDWR | os.O_CREAT), 1500)
for spelling in (
    '1500',
    '/1500',
    './1500',
    '+1500',
    '01500',
    '1500/',
    '1500/..',
    '1500x',
    '-1500',
    ' 1500',
):
    for call in (lambda path: os.open(path, os.O_RDWR) > 2, os.readlink):
        try:
            print(spelling, os.path.basename(str(call('/proc/self/fd/' + spelling))))
        except OSError as e:
            print(spelling, e.errno)
