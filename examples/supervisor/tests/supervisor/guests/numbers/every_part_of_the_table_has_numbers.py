import os

f = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(f, b'0123456789')
numbers = [1024, 1025, 2047, 2048, 6143, 6144, 19999, 20000, 32767, 32768, 36863, 36864, 65535]
for n in numbers:
    assert os.dup2(f, n) == n
for i, n in enumerate(numbers):
    os.lseek(f, i % 10, os.SEEK_SET)
    assert os.read(n, 1) == b'%d' % (i % 10), n
for n in numbers:
    if n != f:
        os.close(n)
        try:
            os.fstat(n)
            print('open', n)
        except OSError as e:
            assert e.errno == 9
try:
    os.dup2(f, 65536)
except OSError as e:
    print(e.errno)
print(os.fstat(f).st_size)
