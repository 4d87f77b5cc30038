import os, threading, time

f, g = [os.open('f', os.O_RDWR | os.O_CREAT) for n in range(2)]
ids = []


def work():
    os.fstat(f)
    ids.append(threading.get_native_id())


thread = threading.Thread(target=work)
thread.start()
thread.join()
# Python's thread has ended; the kernel's may have a few steps to go, and its id with it.
while os.path.exists('/proc/self/task/%d' % ids[0]):
    time.sleep(0.001)
os.waitpid(os.fork() or os._exit(0), 0)
os.close(os.open('f', os.O_RDWR))
open('/proc/sys/kernel/ns_last_pid', 'w').write(str(ids[0] - 1))
pid = os.fork()
if pid == 0:
    os.lseek(g, 0, 0)
    os.close(g)
    os.dup2(0, g)
    os._exit(7)
print(
    pid == ids[0], os.waitpid(pid, 0)[1] >> 8, os.path.basename(os.readlink('/proc/self/fd/%d' % g))
)
