f = os.dup2(os.open('f', os.O_RDWR | os.O_CREAT | os.O_APPEND), 1500)
before = supervisors()
good = []


def work(i):
    for n in range(60):
        own = os.dup2(1500, 2000 + i)
        pid = os.fork()
        if pid == 0:
            os.write(own, b'x')
            os.write(1500, b'x')
            os._exit(7)
        os.close(own)
        good.append(os.waitpid(pid, 0)[1] >> 8 == 7)


ts = [threading.Thread(target=work, args=(i,)) for i in range(6)]
[t.start() for t in ts]
[t.join() for t in ts]
print(sum(good), os.fstat(1500).st_size, returns_to(before))
