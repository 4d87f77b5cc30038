import os

fd = os.dup2(os.open('f', os.O_RDWR | os.O_CREAT), 1 << 21)
for i in range(9):
    try:
        os.ftruncate(fd, 3)
    except OSError as e:
        print(e.errno, end=' ')
os.write(fd, b'alive')
print(os.pread(fd, 9, 0))
