import json, subprocess, tempfile, os, hashlib, sqlite3

print(json.dumps({'a': [1, 2]}))
print(subprocess.run(['echo', 'sub'], capture_output=True).stdout)
print(subprocess.run('cat; exit 3', shell=True, input=b'in', capture_output=True))
with tempfile.TemporaryFile() as f:
    f.write(b'x' * 100000)
    f.seek(0)
    print(hashlib.md5(f.read()).hexdigest())
db = sqlite3.connect('db')
db.execute('create table t(a)')
db.executemany('insert into t values (?)', [(i,) for i in range(100)])
db.commit()
print(db.execute('select sum(a) from t').fetchone(), os.path.getsize('db') > 0)
