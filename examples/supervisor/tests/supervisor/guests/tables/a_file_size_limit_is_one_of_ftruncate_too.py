import os, resource, signal, sys

f = os.open('f', os.O_RDWR | os.O_CREAT)
hits = []
signal.signal(signal.SIGXFSZ, lambda *_: hits.append(1))
if sys.argv[1:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
for size in (2049, 2048):
    try:
        print(os.ftruncate(f, size))
    except OSError as e:
        print(e.errno)
    print(os.fstat(f).st_size, hits)
