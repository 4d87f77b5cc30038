import os

f = os.open('f', os.O_RDWR | os.O_CREAT)
[os.dup2(f, n) for n in (40, 1500, 3000)]
for path in ('/proc/self/fd', '/proc/self/fd/', '/dev/fd', '/proc/thread-self/fd'):
    names = os.listdir(path)
    print(
        [n in names for n in ('40', '1500', '3000', str(f))],
        sum(os.path.samefile(path + '/' + n, 'f') for n in names if os.path.exists(path + '/' + n)),
    )
