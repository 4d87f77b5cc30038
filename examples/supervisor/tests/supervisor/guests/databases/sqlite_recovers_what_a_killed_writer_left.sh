cat >w.py <<'X'
import sqlite3, os, sys
db = sqlite3.connect('db', isolation_level=None)
db.execute('pragma cache_size=5')
db.execute('begin')
for i in range(2000):
    db.execute('insert into t values (?, ?)', (i, 'y' * 100))
os.kill(os.getpid(), 9)
X
sqlite3 db "create table t(a, b);
    with recursive c(x) as (select 1 union all select x + 1 from c where x < 300)
        insert into t select x, 'x' from c;"
{ python3 w.py || echo $?; } 2>/dev/null
ls
sqlite3 db 'select count(*) from t; pragma integrity_check;'
ls
