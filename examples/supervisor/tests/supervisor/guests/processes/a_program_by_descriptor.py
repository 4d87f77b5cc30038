import os, shutil

fd = os.open(shutil.which('echo'), os.O_RDONLY)
pid = os.fork()
if pid == 0:
    os.execve(fd, ['echo', 'by descriptor'], os.environ)
print(os.waitpid(pid, 0)[1])
