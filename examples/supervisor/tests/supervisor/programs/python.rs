//! Python, and what its modules ask the kernel for.

use super::super::harness::same_python;

#[test]
fn python_modules_and_subprocesses() {
    same_python(
        "import json, subprocess, tempfile, os, hashlib, sqlite3
print(json.dumps({'a': [1, 2]}))
print(subprocess.run(['echo', 'sub'], capture_output=True).stdout)
print(subprocess.run('cat; exit 3', shell=True, input=b'in', capture_output=True))
with tempfile.TemporaryFile() as f:
    f.write(b'x' * 100000); f.seek(0); print(hashlib.md5(f.read()).hexdigest())
db = sqlite3.connect('db'); db.execute('create table t(a)'); db.executemany('insert into t values (?)', [(i,) for i in range(100)]); db.commit()
print(db.execute('select sum(a) from t').fetchone(), os.path.getsize('db') > 0)",
    );
}

#[test]
fn python_maps_files() {
    same_python(
        "import mmap, os
open('f', 'wb').write(b'a' * 10000)
with open('f', 'r+b') as f:
    m = mmap.mmap(f.fileno(), 0); m[0:5] = b'hello'; m.flush()
    print(os.pread(f.fileno(), 8, 0)); f.write(b'WRITE'); f.flush(); print(m[:6]); m.close()
print(open('f', 'rb').read(6))",
    );
}

#[test]
fn python_threads_open_files() {
    same_python(
        "import threading, os
for i in range(8): open('f%d' % i, 'w').write(str(i) * 100)
def work(i):
    for n in range(300):
        fd = os.open('f%d' % i, os.O_RDONLY)
        assert os.read(fd, 3) == str(i).encode() * 3
        assert os.lseek(fd, -1, os.SEEK_END) == 99
        assert os.read(fd, 3) == str(i).encode()
        os.close(fd)
threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(len([fd for fd in os.listdir('/proc/self/fd') if int(fd) > 1023]))",
    );
}

#[test]
fn python_subprocesses_in_every_way() {
    same_python(
        "import subprocess, sys, os, tempfile
with open('in', 'w') as f: f.write('line\\n' * 1000)
with open('in') as i, open('out', 'w') as o, open('err', 'w') as e:
    print(subprocess.call('cat; echo err >&2; exit 4', shell=True, stdin=i, stdout=o, stderr=e))
print(os.path.getsize('out'), open('err').read())
a = subprocess.Popen(['cat', 'in'], stdout=subprocess.PIPE)
b = subprocess.Popen(['wc', '-l'], stdin=a.stdout, stdout=subprocess.PIPE); a.stdout.close()
print(b.communicate()[0].strip(), a.wait())
p = subprocess.Popen([sys.executable, '-c', 'import sys; [print(l.strip().upper(), flush=True) for l in sys.stdin]'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
for w in ('one', 'two'):
    p.stdin.write(w + '\\n'); p.stdin.flush(); print(p.stdout.readline().strip())
p.stdin.close(); print(p.wait()); p.stdout.close()
f = open('in'); os.set_inheritable(f.fileno(), True)
print(subprocess.run(['sh', '-c', 'head -c 9 /dev/fd/%d' % f.fileno()], pass_fds=[f.fileno()], capture_output=True).stdout)
print(subprocess.run([sys.executable, '-c', 'import os, sys; print(os.pread(int(sys.argv[1]), 4, 5))', str(f.fileno())], close_fds=False, capture_output=True).stdout)
try: subprocess.run(['no-such'])
except FileNotFoundError as e: print(e)
try: subprocess.run(['sleep', '9'], timeout=0.1)
except subprocess.TimeoutExpired as e: print(e.cmd)
print(subprocess.run(['sh', '-c', 'kill -9 $$']).returncode, subprocess.run(['pwd'], cwd='/', capture_output=True).stdout)
t = tempfile.TemporaryFile(); subprocess.run(['echo', 'to a temporary file'], stdout=t); t.seek(0); print(t.read())",
    );
}

#[test]
fn python_multiprocessing() {
    same_python(
        "import multiprocessing as mp, os
from multiprocessing import shared_memory
open('f', 'w').write('0123456789' * 100)
fd = os.open('f', os.O_RDONLY)
def square(x): return x * x + len(os.pread(fd, 10, x))
def put(q, i): q.put((i, os.pread(fd, 1, i)))
def add(n, lock):
    for i in range(200):
        with lock: n.value += 1
ctx = mp.get_context('fork')
with ctx.Pool(4) as pool: print(pool.map(square, range(20)))
q = ctx.Queue(); ps = [ctx.Process(target=put, args=(q, i)) for i in range(5)]
[p.start() for p in ps]; print(sorted(q.get() for p in ps)); [p.join() for p in ps]
n, lock = ctx.Value('i', 0), ctx.Lock(); ps = [ctx.Process(target=add, args=(n, lock)) for i in range(4)]
[p.start() for p in ps]; [p.join() for p in ps]; print(n.value, [p.exitcode for p in ps])
s = shared_memory.SharedMemory(create=True, size=100); s.buf[:3] = b'abc'
t = shared_memory.SharedMemory(name=s.name); print(bytes(t.buf[:3])); t.close(); s.close(); s.unlink()
a, b = ctx.Pipe(); p = ctx.Process(target=lambda: b.send(os.fstat(fd).st_size)); p.start(); print(a.recv()); p.join()",
    );
}

#[test]
fn python_spawns_interpreters() {
    same_python(
        "import os, sys, subprocess
open('m.py', 'w').write('''
import multiprocessing as mp, os
def work(i): return i + 1, os.path.getsize('m.py') > 0
if __name__ == '__main__':
    for method in ('spawn', 'forkserver'):
        with mp.get_context(method).Pool(2) as pool: print(method, pool.map(work, range(4)))
''')
print(subprocess.run([sys.executable, 'm.py'], capture_output=True, text=True))",
    );
}

#[test]
fn python_polls() {
    same_python(
        "import select, os, selectors
open('f', 'w').write('x'); f = os.open('f', os.O_RDWR)
r, w = os.pipe(); os.dup2(r, 1500); os.dup2(w, 1501); os.dup2(f, 1502)
p = select.poll()
for fd in (1500, 1501, 1502): p.register(fd, select.POLLIN | select.POLLOUT)
p.register(1999, select.POLLIN)
print(sorted(p.poll(0))); os.write(1501, b'y'); print(sorted(p.poll(0)))
e = select.epoll(); e.register(1500, select.EPOLLIN); print(e.poll(0)); e.modify(1500, select.EPOLLIN | select.EPOLLET); print(e.poll(0), e.poll(0)); e.unregister(1500); print(e.poll(0))
for bad in (1502, 1999, f):
    try: e.register(bad, select.EPOLLIN); print('registered')
    except OSError as x: print(x.errno)
os.dup2(e.fileno(), 1600); e2 = select.epoll.fromfd(1600); e.register(1501, select.EPOLLOUT); print(e2.poll(1)); os.close(1501); os.close(w); print(e2.poll(0))
print(os.read(1500, 9), os.read(1500, 9)); s = selectors.PollSelector(); s.register(1500, selectors.EVENT_READ, 'data'); print([k.data for k, m in s.select(0)])",
    );
}

#[test]
fn python_moves_data_in_the_kernel() {
    same_python(
        "import os, socket, mmap
open('f', 'wb').write(bytes(range(256)) * 1000); f = os.open('f', os.O_RDONLY); a, b = socket.socketpair()
print(os.sendfile(a.fileno(), f, 10, 100), b.recv(200)[:5]); os.lseek(f, 5, 0); print(os.sendfile(a.fileno(), f, None, 3), b.recv(9), os.lseek(f, 0, 1))
g = os.open('g', os.O_RDWR | os.O_CREAT); print(os.copy_file_range(f, g, 1000, 0, 7), os.lseek(g, 0, 1), os.pread(g, 3, 7), os.copy_file_range(f, g, 10), os.lseek(f, 0, 1))
r, w = os.pipe(); print(os.splice(f, w, 50, offset_src=3), os.read(r, 3), os.lseek(f, 0, 1), os.splice(f, w, 20), os.lseek(f, 0, 1)); print(os.splice(r, g, 10, offset_dst=2), os.fstat(g).st_size)
h = os.open('h', os.O_RDWR | os.O_CREAT); print(os.sendfile(h, f, 0, 256000) == 256000, os.pread(h, 2, 255)); os.posix_fadvise(f, 0, 0, os.POSIX_FADV_SEQUENTIAL); os.posix_fallocate(h, 0, 300000); print(os.fstat(h).st_size)
with open('f', 'rb') as x: a.settimeout(5); print(a.sendfile(x, 0, 5000), len(b.recv(5000, socket.MSG_WAITALL)))
for s, d in ((f, f), (w, g), (g, f)):
    try: print(os.sendfile(d, s, 0, 1))
    except OSError as e: print(e.errno)
v = [bytearray(3), bytearray(5)]; print(os.preadv(f, v, 2), v, os.pwritev(h, [b'ab', b'', b'cde'], 1), os.pread(h, 6, 0), os.writev(h, [b'xy'] * 1000), os.readv(f, [bytearray(1)] * 1024))",
    );
}

#[test]
fn python_passes_descriptors() {
    same_python(
        "import os, socket, array
open('f', 'w').write('hello'); f = os.open('f', os.O_RDWR); os.dup2(f, 1700); d = os.open('.', os.O_RDONLY); a, b = socket.socketpair()
socket.send_fds(a, [b'x'], [f, 1700, d, 0]); m, fds, *_ = socket.recv_fds(b, 9, 9); print(m, [os.pread(x, 5, 0) if os.path.isfile('/proc/self/fd/%d' % x) else 0 for x in fds], os.listdir(fds[2]))
os.lseek(f, 2, 0); print(os.read(fds[1], 2), os.lseek(fds[0], 0, 1)); [os.close(x) for x in fds]
if os.fork() == 0:
    m, fds, *_ = socket.recv_fds(b, 9, 9); os.write(fds[0], b'child'); os._exit(0)
os.lseek(f, 0, 0); socket.send_fds(a, [b'y'], [f]); os.wait(); print(os.lseek(f, 0, 1), open('f').read())
for bad in ([1800], [-1], [f, 99999]):
    try: socket.send_fds(a, [b'z'], bad); print('sent')
    except OSError as e: print(e.errno)
socket.send_fds(a, [b'w'], [f]); os.close(f); os.close(1700); fds = socket.recv_fds(b, 1, 1)[1]; print(os.pread(fds[0], 9, 0))
l = socket.socket(socket.AF_UNIX); l.bind('sock'); l.listen(); os.dup2(l.fileno(), 1750); c = socket.socket(socket.AF_UNIX); c.connect('sock')
s, _ = socket.socket(fileno=1750).accept(); os.dup2(c.fileno(), 1751); t = socket.socket(fileno=1751); t.sendall(b'high'); print(s.recv(9), t.getsockname(), t.getpeername(), t.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)); t.shutdown(1); print(s.recv(9))",
    );
}

#[test]
fn python_works_from_directories() {
    same_python(
        "import os
os.makedirs('d/e'); d = os.open('d', os.O_RDONLY); os.dup2(d, 1300)
for n in (d, 1300):
    f = os.open('f', os.O_CREAT | os.O_RDWR, 0o644, dir_fd=n); os.write(f, b'abc'); os.close(f); print(os.stat('f', dir_fd=n).st_size, os.access('f', os.R_OK, dir_fd=n), sorted(os.listdir(n)))
    os.mkdir('m', dir_fd=n); os.rename('f', 'g', src_dir_fd=n, dst_dir_fd=n); os.link('g', 'h', src_dir_fd=n, dst_dir_fd=d); os.symlink('g', 's', dir_fd=n); print(os.readlink('s', dir_fd=n), os.stat('h', dir_fd=n).st_nlink)
    os.chmod('g', 0o600, dir_fd=n); os.utime('g', (5, 6), dir_fd=n); os.chown('g', -1, -1, dir_fd=n); os.mkfifo('p', dir_fd=n); print(oct(os.stat('g', dir_fd=n).st_mode), os.stat('g', dir_fd=n).st_mtime); os.rmdir('m', dir_fd=n); [os.unlink(x, dir_fd=n) for x in 'ghsp']
    os.fchdir(n); print(os.path.basename(os.getcwd()), [e.name for e in os.scandir(n)]); os.chdir('..')
for root, dirs, files, fd in os.fwalk('.'): print(root, dirs, files)
os.rmdir('d/e'); os.rmdir('d'); print(os.fstat(d).st_nlink, os.listdir(d))
try: os.open('x', os.O_CREAT, dir_fd=d)
except OSError as e: print(e.errno)
print(os.readlink('/proc/self/fd/1300').endswith('d (deleted)'))",
    );
}

#[test]
fn python_locks_files() {
    same_python(
        "import fcntl, os, struct
f = open('f', 'w+b'); f.write(b'x' * 100); f.flush(); g = open('f', 'r+b')
def child(work):
    pid = os.fork()
    if pid == 0:
        try: work(); os._exit(0)
        except OSError as e: os._exit(e.errno)
    return os.waitpid(pid, 0)[1] >> 8
take = lambda: fcntl.lockf(open('f', 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 20)
fcntl.lockf(f, fcntl.LOCK_EX, 10, 0); print(child(take)); fcntl.lockf(f, fcntl.LOCK_EX, 50, 40); print(child(take), child(lambda: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 30)))
q = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0)
print(struct.unpack('hhqqi4x', fcntl.fcntl(g, fcntl.F_GETLK, q))[0] == fcntl.F_UNLCK); g.close(); print(child(take))
fcntl.flock(f, fcntl.LOCK_EX); h = open('f'); print(child(lambda: fcntl.flock(h, fcntl.LOCK_SH | fcntl.LOCK_NB)), child(lambda: fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)))
ofd = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0); fcntl.fcntl(f, 37, ofd)
try: fcntl.fcntl(open('f', 'r+b'), 37, ofd); print('both')
except OSError as e: print(e.errno)
d = os.dup(f.fileno()); f.close(); k = open('f', 'r+b')
try: fcntl.fcntl(k, 37, ofd); print('both')
except OSError as e: print(e.errno)
os.close(d); fcntl.fcntl(k, 37, ofd); print('free'); k.close(); k = open('f', 'r+b')
pid = os.fork()
if pid == 0: fcntl.lockf(open('f', 'r+b'), fcntl.LOCK_EX); os._exit(0)
print(os.waitpid(pid, 0)[1]); fcntl.lockf(k, fcntl.LOCK_EX | fcntl.LOCK_NB); print('gone with its process')",
    );
}

#[test]
fn python_closes_ranges() {
    same_python(
        "import os, fcntl
# A low number, so that the ranges leave it alone.
f = os.dup2(os.open('f', os.O_RDWR | os.O_CREAT), 30); ns = list(range(1024, 1034)) + [2000, 3000, 5000]
def fstat(n):
    try: os.fstat(n); return 1
    except OSError as e: return -e.errno
def fill(): [os.dup2(f, n) for n in ns]
fill(); os.closerange(1026, 1030); print([fstat(n) for n in ns]); os.closerange(1020, 2500); print([fstat(n) for n in (1024, 2000, 3000)]); fill()
pid = os.fork()
if pid == 0:
    os.closerange(3, 100000); os._exit(sum(fstat(n) == 1 for n in ns))
print(os.waitpid(pid, 0)[1], sum(fstat(n) == 1 for n in ns)); os.closerange(4000, 1 << 30); print([fstat(n) for n in ns])
import ctypes; c = ctypes.CDLL(None, use_errno=True); print(c.syscall(436, 1030, 4000, 4), [os.get_inheritable(n) for n in (1029, 1030, 2000, 3000)], c.syscall(436, 5, 4, 0), ctypes.get_errno(), c.syscall(436, 2000, 2000, 8), ctypes.get_errno())
print(c.syscall(436, 1500, 0xffffffff, 2), [fstat(n) for n in ns]); r, w = os.pipe(); os.dup2(w, 4500); os.close(w); os.closerange(4400, 4600); print(os.read(r, 1))",
    );
}

#[test]
fn python_asks_asyncio() {
    same_python(
        "import asyncio, os
async def shout(r, w):
    w.write((await r.readline()).upper()); await w.drain(); w.close()
async def main():
    server = await asyncio.start_unix_server(shout, 's')
    async def ask(i):
        r, w = await asyncio.open_unix_connection('s'); w.write(b'hello %d\\n' % i); x = await r.readline(); w.close(); return x
    print(await asyncio.gather(*[ask(i) for i in range(30)]))
    p = await asyncio.create_subprocess_exec('sort', '-r', stdin=-1, stdout=-1); print(await p.communicate(b'a\\nb\\nc\\n'), p.returncode)
    print(await asyncio.gather(*[asyncio.to_thread(lambda i=i: (open('f%d' % i, 'w').write(str(i)), open('f%d' % i).read())) for i in range(20)])); server.close()
asyncio.run(main())",
    );
}

#[test]
fn python_serves_http() {
    same_python(
        "import http.server, threading, urllib.request, shutil, zipfile, gzip, dbm.dumb, shelve, logging, configparser, csv
open('page', 'w').write('content' * 5000)
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *a): pass
s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Quiet); t = threading.Thread(target=s.serve_forever); t.start(); u = 'http://127.0.0.1:%d/' % s.server_port
ts = [threading.Thread(target=lambda: rs.append(len(urllib.request.urlopen(u + 'page').read()))) for i in range(12)]; rs = []; [t.start() for t in ts]; [t.join() for t in ts]; print(rs)
try: urllib.request.urlopen(u + 'none')
except Exception as e: print(e)
s.shutdown(); t.join(); s.server_close()
with zipfile.ZipFile('z', 'w', zipfile.ZIP_DEFLATED) as z: z.write('page')
print(zipfile.ZipFile('z').read('page')[:7], zipfile.ZipFile('z').testzip()); gzip.open('g', 'wb').write(b'zip'); print(gzip.open('g').read()); shutil.copytree('.', '../' + __import__('os').path.basename(__import__('os').getcwd()) + '/sub', ignore=shutil.ignore_patterns('sub')); print(len(__import__('os').listdir('sub')))
d = shelve.open('shelf'); d['a'] = [1]; d.close(); print(shelve.open('shelf')['a']); logging.basicConfig(filename='log', format='%(message)s'); [logging.warning('w%d', i) for i in range(100)]; print(len(open('log').readlines()))",
    );
}

#[test]
fn python_reads_and_writes_in_all_modes() {
    same_python(
        "import os, io, tempfile, pathlib, fileinput, linecache, glob
f = open('f', 'x'); f.write('aé' * 10000); f.close()
for mode in ('r', 'r+', 'a+', 'rb', 'r+b', 'w+', 'x'):
    try:
        with open('f', mode) as f: print(mode, f.tell(), len(f.read()), f.seek(0), f.seekable(), f.isatty(), f.writable())
    except OSError as e: print(mode, e)
f = open('f', 'w+b', buffering=0); print(f.write(b'x' * 300000), f.truncate(1000), f.seek(0, 2), f.seek(-1, 1), f.read(), f.readinto(bytearray(5)))
p = pathlib.Path('p'); print(p.write_text('one\\ntwo\\n'), p.read_bytes(), p.stat().st_size, p.resolve().name, p.samefile('./p')); print([l for l in fileinput.input(['p', 'p'])], linecache.getline('p', 2))
for l in fileinput.input('p', inplace=True): print(l.upper(), end='')
print(p.read_text(), sorted(glob.glob('*'))); n = tempfile.NamedTemporaryFile('w+', dir='.'); n.write('t'); n.flush(); print(os.path.getsize(n.name), n.read()); n.close(); print(len(os.listdir('.')))
m = tempfile.SpooledTemporaryFile(10); m.write(b'x' * 100); m.seek(0); print(len(m.read())); d = tempfile.TemporaryDirectory(); open(d.name + '/x', 'w').close(); d.cleanup(); print(os.path.exists(d.name))
os.truncate('p', 3); print(p.read_text()); os.remove('p'); print(p.exists()); k = os.open('f', os.O_RDONLY); os.remove('f'); print(os.fstat(k).st_nlink, os.read(k, 5)); print(os.memfd_create('m') > 0, os.get_blocking(k), os.device_encoding(k), os.fpathconf(k, 'PC_NAME_MAX'), os.fstatvfs(k).f_namemax)",
    );
}
