echo text >f
cat >p.py <<'X'
import os, sys
a = os.dup2(os.open('f', os.O_RDONLY), 1100)
b = os.dup2(a, 1101, inheritable=False)
os.execvp('python3', ['python3', '-c', """
import os
for n in (1100, 1101):
    try: print(n, os.read(n, 4))
    except OSError as e: print(n, e.errno)
"""])
X
python3 p.py
