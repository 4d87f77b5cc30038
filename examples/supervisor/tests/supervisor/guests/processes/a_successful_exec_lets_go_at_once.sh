cat >still.c <<'X'
void _start(void) { for (;;) __asm__ volatile("syscall" :: "a"(34) : "rcx", "r11", "memory"); }
X
gcc -O1 -static -nostdlib -o still still.c
cat >p.py <<'X'
import os, subprocess
for i in range(10):
    name = './s%d.sh' % i
    with open(name, 'w') as script:
        script.write('#!/bin/sh\nexit 3\n')
        script.flush()
        child = subprocess.Popen(['./still'])
    os.chmod(name, 0o755)
    print(subprocess.call([name]))
    child.kill()
X
python3 p.py
