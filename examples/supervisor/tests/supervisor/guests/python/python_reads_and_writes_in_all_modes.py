import os, io, tempfile, pathlib, fileinput, linecache, glob

f = open('f', 'x')
f.write('aé' * 10000)
f.close()
for mode in ('r', 'r+', 'a+', 'rb', 'r+b', 'w+', 'x'):
    try:
        with open('f', mode) as f:
            print(mode, f.tell(), len(f.read()), f.seek(0), f.seekable(), f.isatty(), f.writable())
    except OSError as e:
        print(mode, e)
f = open('f', 'w+b', buffering=0)
print(
    f.write(b'x' * 300000),
    f.truncate(1000),
    f.seek(0, 2),
    f.seek(-1, 1),
    f.read(),
    f.readinto(bytearray(5)),
)
p = pathlib.Path('p')
print(
    p.write_text('one\ntwo\n'),
    p.read_bytes(),
    p.stat().st_size,
    p.resolve().name,
    p.samefile('./p'),
)
print([l for l in fileinput.input(['p', 'p'])], linecache.getline('p', 2))
for l in fileinput.input('p', inplace=True):
    print(l.upper(), end='')
print(p.read_text(), sorted(glob.glob('*')))
n = tempfile.NamedTemporaryFile('w+', dir='.')
n.write('t')
n.flush()
print(os.path.getsize(n.name), n.read())
n.close()
print(len(os.listdir('.')))
m = tempfile.SpooledTemporaryFile(10)
m.write(b'x' * 100)
m.seek(0)
print(len(m.read()))
d = tempfile.TemporaryDirectory()
open(d.name + '/x', 'w').close()
d.cleanup()
print(os.path.exists(d.name))
os.truncate('p', 3)
print(p.read_text())
os.remove('p')
print(p.exists())
k = os.open('f', os.O_RDONLY)
os.remove('f')
print(os.fstat(k).st_nlink, os.read(k, 5))
print(
    os.memfd_create('m') > 0,
    os.get_blocking(k),
    os.device_encoding(k),
    os.fpathconf(k, 'PC_NAME_MAX'),
    os.fstatvfs(k).f_namemax,
)
