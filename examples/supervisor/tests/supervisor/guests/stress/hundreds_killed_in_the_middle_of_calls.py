def work(i):
    while True:
        fd = os.open('f', os.O_RDWR | os.O_CREAT)
        os.write(fd, b'x')
        os.dup2(fd, 3000 + i)
        mmap.mmap(3000 + i, 1)
        os.lseek(fd, 0, 2)
        os.close(fd)


open('f', 'w').write('xx')
before = supervisors()
killed = 0
for n in range(300):
    pid = os.fork()
    if pid == 0:
        for i in range(2):
            threading.Thread(target=work, args=(i,)).start()
        work(2)
    time.sleep(0.0005 * (n % 16))
    os.kill(pid, 9)
    killed += os.waitpid(pid, 0)[1] == 9
print(killed, returns_to(before))
