import fcntl, mmap, os, signal, sys, threading, time


def supervisors():
    return len(os.listdir('/proc/%d/fd' % os.getppid()))


def returns_to(count):
    deadline = time.time() + 20
    while supervisors() > count and time.time() < deadline:
        time.sleep(0.01)
    return max(supervisors() - count, 0)
