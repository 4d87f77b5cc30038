import os, sys, threading, time

most, f = int(sys.argv[1]), os.open('f', os.O_RDWR | os.O_CREAT)
handlers = lambda: len(os.listdir('/proc/%d/task' % os.getppid())) - 1
print(handlers() <= most)


def work():
    while not done:
        os.close(os.open('f', os.O_RDWR))


done = False
threads = [threading.Thread(target=work) for n in range(8)]
[t.start() for t in threads]
end = time.time() + 20
while handlers() < most and time.time() < end:
    time.sleep(0.01)
time.sleep(0.1)
print(handlers())
done = True
[t.join() for t in threads]
