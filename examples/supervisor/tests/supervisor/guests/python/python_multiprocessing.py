import multiprocessing as mp, os
from multiprocessing import shared_memory

open('f', 'w').write('0123456789' * 100)
fd = os.open('f', os.O_RDONLY)


def square(x):
    return x * x + len(os.pread(fd, 10, x))


def put(q, i):
    q.put((i, os.pread(fd, 1, i)))


def add(n, lock):
    for i in range(200):
        with lock:
            n.value += 1


ctx = mp.get_context('fork')
with ctx.Pool(4) as pool:
    print(pool.map(square, range(20)))
q = ctx.Queue()
ps = [ctx.Process(target=put, args=(q, i)) for i in range(5)]
[p.start() for p in ps]
print(sorted(q.get() for p in ps))
[p.join() for p in ps]
n, lock = ctx.Value('i', 0), ctx.Lock()
ps = [ctx.Process(target=add, args=(n, lock)) for i in range(4)]
[p.start() for p in ps]
[p.join() for p in ps]
print(n.value, [p.exitcode for p in ps])
s = shared_memory.SharedMemory(create=True, size=100)
s.buf[:3] = b'abc'
t = shared_memory.SharedMemory(name=s.name)
print(bytes(t.buf[:3]))
t.close()
s.close()
s.unlink()
a, b = ctx.Pipe()
p = ctx.Process(target=lambda: b.send(os.fstat(fd).st_size))
p.start()
print(a.recv())
p.join()
