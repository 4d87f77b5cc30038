import os

os.mkdir('d')
os.chmod('d', 0o1777)
os.close(os.open('d/f', os.O_WRONLY | os.O_CREAT))
os.chmod('d/f', 0o666)
if os.getuid() == 0:
    os.chown('d/f', 65534, 65534)
for flags in (os.O_RDWR, os.O_RDWR | os.O_CREAT, os.O_WRONLY | os.O_TRUNC | os.O_CREAT):
    try:
        print(os.write(os.open('d/f', flags), b'abc'))
    except OSError as e:
        print(e.errno)
