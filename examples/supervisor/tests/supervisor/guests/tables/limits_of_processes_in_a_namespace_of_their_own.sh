unshare --pid --fork python3 -c "
import os, resource
def limit(pid, *new): print(resource.prlimit(pid, resource.RLIMIT_NOFILE, *new)[0])
limit(os.getpid()); child = os.fork()
if child == 0: limit(os.getpid(), (3000, 4000)); limit(1); limit(1, (700, 800)); os._exit(0)
os.waitpid(child, 0); limit(os.getpid()); f = os.open('f', os.O_RDWR | os.O_CREAT)
print(resource.getrlimit(resource.RLIMIT_NOFILE))" 2>&1 || echo $?
