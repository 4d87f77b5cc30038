cat >w.py <<'X'
import os, threading
def work(i):
    kept = [os.open('f', os.O_RDWR | os.O_CREAT) for n in range(20)]
    while True:
        fd = os.open('f', os.O_RDWR | os.O_CREAT)
        os.write(fd, b'x')
        os.dup2(fd, 3000 + i)
        os.close(fd)
for i in range(4):
    threading.Thread(target=work, args=(i,)).start()
X
for i in 1 2 3 4 5 6; do
    rm -f f
    python3 w.py &
    p=$!
    until [ -s f ]; do sleep 0.01; done
    kill -9 $p
    wait $p 2>/dev/null
    echo $?
done
