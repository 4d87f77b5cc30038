echo $PPID > supervisor
cut -d' ' -f4 /proc/$PPID/stat > watcher
setsid bash -c 'sleep 300 & echo $! > pid; mv pid grandchild; wait' &
wait
