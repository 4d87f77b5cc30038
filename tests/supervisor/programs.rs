//! Ordinary programs, natively and supervised.

use super::harness::{same, same_bash, same_python};

#[test]
fn coreutils() {
    same_bash(
        &["cat", "cp", "ls", "mv", "wc", "sort", "head", "tail", "dd", "stat"],
        "seq 1 10000 > a; cp a b; cmp a b; mkdir -p d/e; cp a d/e; cp -r d f; ls -R; wc -l a b f/e/a
         sort -rn a > r; head -3 r; tail -n 2 a; dd if=a of=c bs=7 count=100 status=none; wc -c c; mv c d; stat -c %s d/c; rm -r f; ls",
    );
}

#[test]
fn grep_sed_and_awk() {
    same_bash(
        &["grep", "sed", "awk", "find", "xargs"],
        "mkdir t; for i in 1 2 3; do echo line $i > t/$i; done; grep -r line t | sort; sed -i s/line/word/ t/1; cat t/1
         awk '{ s += $2 } END { print s }' t/*; find t -type f | sort | xargs cat",
    );
}

#[test]
fn tar_and_gzip_round_trip() {
    same_bash(
        &["tar", "gzip"],
        "mkdir -p src/x; seq 1 5000 > src/x/n; echo hi > src/h; ln -s h src/l; tar czf t.gz src; mkdir out; tar xzf t.gz -C out
         diff -r src out/src; tar tzf t.gz | sort; gzip -dc t.gz | wc -c",
    );
}

#[test]
fn shell_redirections_pipelines_and_jobs() {
    for shell in ["sh", "bash"] {
        let script = "set -e; (echo b; echo a) | sort; cat <<X
here $((1 + 2))
X
exec 3>f; echo three >&3; exec 3>&-; cat f; exec 4<>f; read l <&4; echo $l; exec 4<&-
for i in 1 2 3; do (echo job $i > j$i) & done; wait; cat j1 j2 j3
{ echo out; echo err >&2; } 2>&1 | cat; x=$(cat f | tr a-z A-Z); echo $x; ls nothing 2>/dev/null || echo failed $?";
        same(&[shell], &[shell, "-c", script], 0);
    }
    same_bash(
        &["diff"],
        "diff <(seq 1 3) <(seq 1 3); cat <(echo a) <(echo b); mapfile -t l < <(seq 1 4); echo ${#l[@]}",
    );
}

#[test]
fn exit_statuses() {
    for (script, code) in [
        ("exit 7", 7),
        ("false", 1),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
        ("no-such-program", 127),
    ] {
        same(&["bash"], &["bash", "-c", script], code);
    }
}

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
fn git_works() {
    same_bash(
        &["git"],
        "git init -q -b main r; cd r; for i in 1 2 3; do seq $i 100 > f$i; git add .; git commit -qm \"c $i\"; done; git log --oneline
         git checkout -q -b side HEAD~1; echo x >> f1; git commit -qam side; git checkout -q main; git merge -q -m merged side; git log --format=%s
         git gc -q; git fsck 2>/dev/null; git status --short; git clone -q . ../c; cd ../c; git log --oneline | wc -l; git diff --stat HEAD~1",
    );
}

#[test]
fn a_compiler_and_what_it_made() {
    same_bash(
        &["gcc"],
        "printf '#include <stdio.h>\\nint main(void) { FILE *f = fopen(\"o\", \"w\"); fprintf(f, \"x\"); fclose(f); puts(\"made\"); return 0; }\\n' > p.c
         gcc -O1 -o p p.c; ./p; cat o; gcc -c p.c; ar rc l.a p.o; ar t l.a",
    );
}

#[test]
fn make_runs_jobs() {
    same_bash(
        &["make", "gcc"],
        "printf 'int main(void) { return 0; }\\n' > p.c; printf 'all: 1 2 3 4\\n\\t@ls 1 2 3 4\\n%%: p.c\\n\\t@gcc -o $@ p.c\\n' > Makefile; make -j4 all",
    );
}

#[test]
fn perl_reads_and_writes() {
    same(
        &["perl"],
        &[
            "perl",
            "-e",
            "open(F, '>', 'f'); print F 'a' x 10; close F; open(F, '+<', 'f'); seek(F, 3, 0); print F 'b'; seek(F, 0, 0); print <F>, -s 'f'; opendir(D, '.'); print scalar(grep { /f/ } readdir D)",
        ],
        0,
    );
}
