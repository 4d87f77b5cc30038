redis-server --port 0 --unixsocket $PWD/s --appendonly yes --appendfsync always \
    --dir $PWD --logfile log &
p=$!
r='redis-cli -s s'
until [ "$($r ping 2>/dev/null)" = PONG ]; do sleep 0.02; done
redis-benchmark -s s -q -n 3000 -c 100 -t set,lpush,incr >bench
wc -l <bench
$r get counter:__rand_int__
$r llen mylist
$r config get maxclients | tail -1 >m
$r shutdown >/dev/null 2>&1 || :
wait $p
redis-check-aof appendonlydir/*.manifest | tail -1
