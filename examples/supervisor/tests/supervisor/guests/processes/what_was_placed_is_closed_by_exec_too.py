import os, mmap

open('f', 'w').write('abc')
fd = os.open('f', os.O_RDONLY)
mmap.mmap(fd, 0, prot=mmap.PROT_READ)
program = """
import os

def name(fd):
    return os.path.basename(os.path.realpath("/proc/self/fd/" + fd))

print([fd for fd in os.listdir("/proc/self/fd") if name(fd) == "f"], "end")
"""
os.execvp('python3', ['python3', '-c', program])
