import sqlite3, threading

db = sqlite3.connect('db')
db.execute('pragma journal_mode=wal')
db.execute('create table t(w, i)')
db.commit()


def write(w):
    c = sqlite3.connect('db', timeout=60)
    for i in range(25):
        with c:
            c.execute('insert into t values (?, ?)', (w, i))
    c.close()


ts = [threading.Thread(target=write, args=(w,)) for w in range(4)]
[t.start() for t in ts]
r = sqlite3.connect('db', timeout=60)
counts = [r.execute('select count(*) from t').fetchone()[0] for i in range(50)]
assert counts == sorted(counts)
[t.join() for t in ts]
print(
    db.execute('select w, count(*), sum(i) from t group by w').fetchall(),
    db.execute('pragma integrity_check').fetchall(),
)
