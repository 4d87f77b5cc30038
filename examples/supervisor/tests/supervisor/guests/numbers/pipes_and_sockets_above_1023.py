import os, socket, select

r, w = os.pipe()
os.dup2(r, 1600), os.dup2(w, 1601)
os.close(r), os.close(w)
p = select.poll()
p.register(1600, select.POLLIN)
print(len(p.poll(0)))
os.write(1601, b'x')
print([event for fd, event in p.poll(1000)], os.read(1600, 5))
os.close(1601)
print(os.read(1600, 5))
