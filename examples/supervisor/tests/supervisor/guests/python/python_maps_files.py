import mmap, os

open('f', 'wb').write(b'a' * 10000)
with open('f', 'r+b') as f:
    m = mmap.mmap(f.fileno(), 0)
    m[0:5] = b'hello'
    m.flush()
    print(os.pread(f.fileno(), 8, 0))
    f.write(b'WRITE')
    f.flush()
    print(m[:6])
    m.close()
print(open('f', 'rb').read(6))
