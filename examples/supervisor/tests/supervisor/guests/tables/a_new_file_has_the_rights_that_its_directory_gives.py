import os, struct, threading

all = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', tag, 7, 0xFFFFFFFF) for tag in (1, 4, 32))
for name in ('with', 'without'):
    os.mkdir(name)
    try:
        name == 'with' and os.setxattr(name, 'system.posix_acl_default', all)
    except OSError as e:
        print(e.errno)


def create(mask):
    for name in ('with/%o' % mask, 'without/%o' % mask):
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT, 0o6767))
        print(oct(os.stat(name).st_mode))


for mask in (0o077, 0, 0o022, 0o777):
    os.umask(mask)
    create(mask)
    if os.fork() == 0:
        os.umask(mask ^ 0o111)
        create(mask ^ 0o111)
        os._exit(0)
    os.wait()
