//! Databases: maps, locks, synchronization, forks of a snapshot.

use super::super::harness::{same_bash, same_python};

#[test]
fn sqlite_in_every_journal_mode() {
    same_bash(
        &["sqlite3"],
        "for m in delete truncate persist memory wal off; do sqlite3 $m.db \"pragma journal_mode=$m; create table t(a integer primary key, b); begin; with recursive c(x) as (select 1 union all select x + 1 from c where x < 500) insert into t select x, hex(x) from c; commit; begin; delete from t where a > 100; rollback; select count(*), sum(a) from t; create index i on t(b); pragma integrity_check; vacuum; select b from t where a = 77;\"; done; ls
         sqlite3 wal.db 'pragma mmap_size=1000000; pragma wal_checkpoint(truncate); select count(*) from t; attach \"delete.db\" as d; insert into d.t(b) select b from t; select count(*) from d.t;'; sqlite3 wal.db .dump | md5sum; sqlite3 wal.db '.backup b.db'; sqlite3 b.db 'select count(*) from t'; echo not a database, but long enough to be one > n.db; sqlite3 n.db 'select 1 from t' 2>&1 || echo $?",
    );
}

#[test]
fn sqlite_has_parallel_writers() {
    same_bash(
        &["sqlite3"],
        "for m in wal delete; do sqlite3 $m.db \"pragma journal_mode=$m; create table t(w, i);\"; for w in 1 2 3 4; do (for i in $(seq 1 8); do sqlite3 -cmd '.timeout 60000' $m.db \"insert into t values ($w, $i);\"; done) & done; wait; sqlite3 $m.db 'select w, count(*), sum(i) from t group by w; pragma integrity_check;'; done",
    );
    same_python(
        "import sqlite3, threading
db = sqlite3.connect('db'); db.execute('pragma journal_mode=wal'); db.execute('create table t(w, i)'); db.commit()
def write(w):
    c = sqlite3.connect('db', timeout=60)
    for i in range(25):
        with c: c.execute('insert into t values (?, ?)', (w, i))
    c.close()
ts = [threading.Thread(target=write, args=(w,)) for w in range(4)]; [t.start() for t in ts]
r = sqlite3.connect('db', timeout=60); counts = [r.execute('select count(*) from t').fetchone()[0] for i in range(50)]; assert counts == sorted(counts)
[t.join() for t in ts]; print(db.execute('select w, count(*), sum(i) from t group by w').fetchall(), db.execute('pragma integrity_check').fetchall())",
    );
}

#[test]
fn sqlite_recovers_what_a_killed_writer_left() {
    same_bash(
        &["sqlite3", "python3"],
        "cat > w.py <<'X'
import sqlite3, os, sys
db = sqlite3.connect('db', isolation_level=None); db.execute('pragma cache_size=5'); db.execute('begin')
for i in range(2000): db.execute('insert into t values (?, ?)', (i, 'y' * 100))
os.kill(os.getpid(), 9)
X
         sqlite3 db \"create table t(a, b); with recursive c(x) as (select 1 union all select x + 1 from c where x < 300) insert into t select x, 'x' from c;\"; { python3 w.py || echo $?; } 2>/dev/null; ls; sqlite3 db 'select count(*) from t; pragma integrity_check;'; ls",
    );
}

#[test]
fn redis_appends_rewrites_and_restarts() {
    same_bash(
        &["redis-server", "redis-cli"],
        "r='redis-cli -s s'; start() { redis-server --port 0 --unixsocket $PWD/s --appendonly yes --save '' --dir $PWD --logfile log --enable-debug-command yes & p=$!; until [ \"$($r ping 2>/dev/null)\" = PONG ]; do sleep 0.02; done; }
         start; for i in $(seq 1 300); do echo \"set k$i v$i\"; done | $r > /dev/null; for i in $(seq 1 50); do echo 'incr n'; done | $r | tail -1; $r rpush l a b c; $r bgrewriteaof > /dev/null; until $r info persistence | grep -q aof_rewrite_in_progress:0; do sleep 0.02; done; $r set after rewrite; $r info persistence | grep -c 'aof_last_bgrewrite_status:ok'
         { kill -9 $p; wait $p || echo $?; } 2>/dev/null; start; $r dbsize; $r get k300; $r get n; $r get after; $r lrange l 0 -1; $r bgsave > /dev/null; until $r info persistence | grep -q rdb_bgsave_in_progress:0; do sleep 0.02; done; $r info persistence | grep -c rdb_last_bgsave_status:ok; $r debug reload; $r dbsize
         $r shutdown nosave 2>/dev/null || :; wait $p || echo $?; start; $r dbsize; $r flushall; $r dbsize; $r shutdown > /dev/null 2>&1 || :; wait $p; ls | grep -v log",
    );
}

#[test]
fn redis_serves_many_clients() {
    same_bash(
        &["redis-server", "redis-cli", "redis-benchmark"],
        "redis-server --port 0 --unixsocket $PWD/s --appendonly yes --appendfsync always --dir $PWD --logfile log & p=$!; r='redis-cli -s s'; until [ \"$($r ping 2>/dev/null)\" = PONG ]; do sleep 0.02; done
         redis-benchmark -s s -q -n 3000 -c 100 -t set,lpush,incr > bench; wc -l < bench; $r get counter:__rand_int__; $r llen mylist; $r config get maxclients | tail -1 > m; $r shutdown > /dev/null 2>&1 || :; wait $p; redis-check-aof appendonlydir/*.manifest | tail -1",
    );
}
