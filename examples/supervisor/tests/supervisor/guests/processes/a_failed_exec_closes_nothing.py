import os

open('f', 'w').write('abc')
fd = os.open('f', os.O_RDONLY)
low = os.dup2(fd, 1100, inheritable=False)
for path in ('/no/such', '/etc/passwd'):
    try:
        os.execv(path, [path])
    except OSError as e:
        print(e.errno)
    print(os.pread(fd, 3, 0), os.pread(1100, 2, 0), os.get_inheritable(1100))
