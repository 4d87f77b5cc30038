import os, subprocess

open('f', 'w').write('abcdef')
fd = os.open('f', os.O_RDONLY)
os.set_inheritable(fd, True)
pid = os.posix_spawn('/bin/sh', ['sh', '-c', 'exit 4'], os.environ)
print(os.waitpid(pid, 0)[1] >> 8)
for i in range(20):
    subprocess.run(['true'], pass_fds=[fd], check=True)
os.dup2(fd, 1200)
print(subprocess.check_output(['bash', '-c', 'cat <&1200'], pass_fds=[1200]))
print(
    subprocess.run(
        ['bash', '-c', '{ cat <&1200; } 2>/dev/null || echo closed'],
        capture_output=True,
        close_fds=True,
    ).stdout
)
