r='redis-cli -s s'
start() {
    redis-server --port 0 --unixsocket $PWD/s --appendonly yes --save '' \
        --dir $PWD --logfile log --enable-debug-command yes &
    p=$!
    until [ "$($r ping 2>/dev/null)" = PONG ]; do sleep 0.02; done
}
start
for i in $(seq 1 300); do echo "set k$i v$i"; done | $r >/dev/null
for i in $(seq 1 50); do echo 'incr n'; done | $r | tail -1
$r rpush l a b c
$r bgrewriteaof >/dev/null
until $r info persistence | grep -q aof_rewrite_in_progress:0; do sleep 0.02; done
$r set after rewrite
$r info persistence | grep -c 'aof_last_bgrewrite_status:ok'
{
    kill -9 $p
    wait $p || echo $?
} 2>/dev/null
start
$r dbsize
$r get k300
$r get n
$r get after
$r lrange l 0 -1
$r bgsave >/dev/null
until $r info persistence | grep -q rdb_bgsave_in_progress:0; do sleep 0.02; done
$r info persistence | grep -c rdb_last_bgsave_status:ok
$r debug reload
$r dbsize
$r shutdown nosave 2>/dev/null || :
wait $p || echo $?
start
$r dbsize
$r flushall
$r dbsize
$r shutdown >/dev/null 2>&1 || :
wait $p
ls | grep -v log
