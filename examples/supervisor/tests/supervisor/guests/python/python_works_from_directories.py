import os

os.makedirs('d/e')
d = os.open('d', os.O_RDONLY)
os.dup2(d, 1300)
for n in (d, 1300):
    f = os.open('f', os.O_CREAT | os.O_RDWR, 0o644, dir_fd=n)
    os.write(f, b'abc')
    os.close(f)
    print(os.stat('f', dir_fd=n).st_size, os.access('f', os.R_OK, dir_fd=n), sorted(os.listdir(n)))
    os.mkdir('m', dir_fd=n)
    os.rename('f', 'g', src_dir_fd=n, dst_dir_fd=n)
    os.link('g', 'h', src_dir_fd=n, dst_dir_fd=d)
    os.symlink('g', 's', dir_fd=n)
    print(os.readlink('s', dir_fd=n), os.stat('h', dir_fd=n).st_nlink)
    os.chmod('g', 0o600, dir_fd=n)
    os.utime('g', (5, 6), dir_fd=n)
    os.chown('g', -1, -1, dir_fd=n)
    os.mkfifo('p', dir_fd=n)
    print(oct(os.stat('g', dir_fd=n).st_mode), os.stat('g', dir_fd=n).st_mtime)
    os.rmdir('m', dir_fd=n)
    [os.unlink(x, dir_fd=n) for x in 'ghsp']
    os.fchdir(n)
    print(os.path.basename(os.getcwd()), [e.name for e in os.scandir(n)])
    os.chdir('..')
for root, dirs, files, fd in os.fwalk('.'):
    print(root, dirs, files)
os.rmdir('d/e')
os.rmdir('d')
print(os.fstat(d).st_nlink, os.listdir(d))
try:
    os.open('x', os.O_CREAT, dir_fd=d)
except OSError as e:
    print(e.errno)
print(os.readlink('/proc/self/fd/1300').endswith('d (deleted)'))
