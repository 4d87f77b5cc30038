import os

open('name', 'w').write('vm-1')
f = os.open('name', os.O_RDONLY)
os.dup2(f, 20000)
print(os.read(20000, 4))
os.close(20000)
print(os.read(f, 1))
