import configparser, csv, dbm.dumb, gzip, http.server, logging, os, shelve, shutil, threading
import urllib.request, zipfile

open('page', 'w').write('content' * 5000)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *a):
        pass


s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Quiet)
t = threading.Thread(target=s.serve_forever)
t.start()
u = 'http://127.0.0.1:%d/' % s.server_port
ts = [
    threading.Thread(target=lambda: rs.append(len(urllib.request.urlopen(u + 'page').read())))
    for i in range(12)
]
rs = []
[t.start() for t in ts]
[t.join() for t in ts]
print(rs)
try:
    urllib.request.urlopen(u + 'none')
except Exception as e:
    print(e)
s.shutdown()
t.join()
s.server_close()
with zipfile.ZipFile('z', 'w', zipfile.ZIP_DEFLATED) as z:
    z.write('page')
print(zipfile.ZipFile('z').read('page')[:7], zipfile.ZipFile('z').testzip())
gzip.open('g', 'wb').write(b'zip')
print(gzip.open('g').read())
sub = '../' + os.path.basename(os.getcwd()) + '/sub'
shutil.copytree('.', sub, ignore=shutil.ignore_patterns('sub'))
print(len(os.listdir('sub')))
d = shelve.open('shelf')
d['a'] = [1]
d.close()
print(shelve.open('shelf')['a'])
logging.basicConfig(filename='log', format='%(message)s')
[logging.warning('w%d', i) for i in range(100)]
print(len(open('log').readlines()))
