echo $PPID >supervisor
echo x >f
for i in 1 2 3; do
    setsid sleep 300.$MARK &
    (sleep 300.$MARK &)
    (
        trap '' TERM INT HUP
        sleep 300.$MARK
    ) &
done
sleep 300.$MARK &
until grep -q sleep /proc/$!/comm; do :; done
kill -STOP $!
for i in 1 2; do python3 -c 'import os; open("busy%s" % os.getpid(), "w")
while True: os.close(os.dup2(os.open("f", os.O_RDWR), 1500))' $MARK & done
until [ $(ls busy* 2>/dev/null | wc -l) = 2 ]; do sleep 0.01; done
echo >started
wait
