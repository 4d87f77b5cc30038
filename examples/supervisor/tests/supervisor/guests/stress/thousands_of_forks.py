f = os.dup2(os.open('f', os.O_RDWR | os.O_CREAT | os.O_APPEND), 1500)
before = supervisors()
good = 0
for n in range(2000):
    pid = os.fork()
    if pid == 0:
        os.write(1500, b'x')
        os.close(1500)
        os._exit(n % 100)
    if n % 10 == 0:
        os.close(os.open('g', os.O_RDWR | os.O_CREAT))
    good += os.waitpid(pid, 0)[1] >> 8 == n % 100
print(good, os.fstat(1500).st_size, returns_to(before))
batch = 40
for n in range(25):
    pids = [os.fork() or (os.write(1500, b'y'), os._exit(0)) for i in range(batch)]
    good += sum(os.waitpid(pid, 0)[1] == 0 for pid in pids)
print(good, os.fstat(1500).st_size, returns_to(before))
