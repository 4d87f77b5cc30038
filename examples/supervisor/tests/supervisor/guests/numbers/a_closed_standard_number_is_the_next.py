import os

saved = os.dup(1)
out = []
for n in (0, 1, 2):
    for name, flags in (
        ('f', os.O_RDWR | os.O_CREAT),
        ('f', os.O_RDONLY),
        ('/dev/null', os.O_RDWR),
        ('.', os.O_RDONLY),
    ):
        os.close(n)
        out.append(os.open(name, flags))
os.close(0)
os.close(1)
out.append(os.open('f', os.O_RDWR))
os.system('echo child')
out.append(os.open('o', os.O_RDWR | os.O_CREAT))
os.system('echo child')
os.dup2(saved, 1)
print(out, open('o').read())
