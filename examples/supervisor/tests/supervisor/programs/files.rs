//! What works on files: the core utilities, archives and filters.

use super::super::harness::same_bash;

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
fn coreutils_on_directories() {
    same_bash(
        &["install", "rmdir", "ln", "readlink", "realpath", "touch", "chmod", "du", "truncate", "mktemp"],
        "mkdir -p a/b/c; touch a/1 a/b/2; ln -s ../1 a/b/l; ln a/1 a/hard; install -m 600 a/1 a/i; ls -l a/i | cut -c1-10; readlink a/b/l
         realpath a/b/l | sed s,.*/a,a,; truncate -s 12345 a/t; du -b a/t; stat -c '%h %a' a/1; cp -a a copy; ls -R copy; chmod -R u-w copy/b; ls -ld copy/b | cut -c1-10
         chmod -R u+w copy; rm -r copy/b; rmdir copy 2>/dev/null || echo not empty; f=$(mktemp -p .); test -e $f; rm $f; ls -A",
    );
}

#[test]
fn coreutils_on_text() {
    same_bash(
        &["cut", "paste", "join", "comm", "split", "csplit", "tac", "shuf", "od", "tee", "uniq", "tr", "nl", "fold"],
        "seq 1 300 > n; cut -c1 n | sort | uniq -c; paste n n | tail -2; split -l 100 n part.; wc -l part.*; cat part.* | cmp - n; tac n | head -2
         csplit -s n 50 150; wc -l xx*; comm -12 <(sort n) <(seq 1 3) ; join <(echo 1 a) <(echo 1 b); shuf n | sort -n | cmp - n; od -An -c n | head -1
         seq 5 | tee t1 t2 | nl; cat t1 t2 | tr 1-5 a-e; fold -w 3 n | tail -1; sort --parallel=2 -S 64k -n -r n | head -1; md5sum n; sha256sum n | md5sum; base64 n | base64 -d | cmp - n",
    );
}

#[test]
fn dd_seeks_truncates_and_synchronizes() {
    same_bash(
        &["dd"],
        "seq 1 20000 > in; dd if=in of=out bs=4k status=none; cmp in out; dd if=in of=out bs=1 count=3 seek=7 conv=notrunc status=none; head -c 12 out | od -c
         dd if=in of=hole bs=1 seek=1M count=1 status=none; stat -c %s hole; dd if=in bs=100 skip=3 count=2 status=none | md5sum; dd if=in of=s bs=64k conv=fsync,sparse status=none; cmp in s
         dd if=in of=app bs=1k count=1 status=none; dd if=in of=app bs=1k count=1 oflag=append conv=notrunc status=none; wc -c app; dd if=/dev/zero of=big bs=1M count=5 status=none; wc -c big; dd if=none of=x 2>&1 | cat",
    );
}

#[test]
fn copies_by_reference_and_of_holes() {
    same_bash(
        &["cp", "stat", "fallocate"],
        "seq 1 50000 > a; cp --reflink=auto a b; cmp a b; truncate -s 1M hole; echo x >> hole; cp --sparse=always hole h2; cmp hole h2; stat -c %s h2; fallocate -l 8192 f; stat -c %s f
         fallocate -n -l 99999 f; stat -c %s f; cp -p a c; test ! a -nt c; cp -l a d; stat -c %h a; cp -n b a; cp -u b a; mv -n b a; ls",
    );
}

#[test]
fn tar_keeps_everything() {
    same_bash(
        &["tar", "find"],
        "mkdir -p s/d1/d2 s/empty; seq 1 3000 > s/d1/f; ln s/d1/f s/d1/d2/hard; ln -s d1/f s/link; mkfifo s/p; chmod 640 s/d1/f; touch -d @1000000 s/d1/f
         tar cf t.tar s; tar tvf t.tar | awk '{ print $1, $3, $6, $7, $8 }' | grep -v ' 0 s' | sort; mkdir o; tar xpf t.tar -C o; find o -printf '%P %y %m %n\\n' | sort
         cmp s/d1/f o/s/d1/f; echo more > s/new; tar rf t.tar s/new; tar uf t.tar s; tar df t.tar; tar --delete -f t.tar s/p; tar xOf t.tar s/new; tar cf - s | tar tf - | wc -l",
    );
}

#[test]
fn compressors_round_trip() {
    same_bash(
        &["gzip", "xz", "tar"],
        "seq 1 30000 > n; for c in gzip xz; do cp n m; $c m; ls; $c -t m.?z; $c -l m.?z | wc -l; $c -dc m.?z | cmp - n; $c -d m.?z; cmp m n; done
         xz -T2 -k --block-size=64KiB n; xz -dc -T2 n.xz | cmp - n; gzip -9c n | wc -c; tar cJf t.tar.xz n; tar xJOf t.tar.xz | cmp - n; gzip n; gzip n.gz 2>&1 || echo $?; echo junk > j.gz; gzip -d j.gz || echo $?",
    );
}

#[test]
fn more_archivers() {
    same_bash(
        &["bzip2", "zstd", "cpio"],
        "seq 1 30000 > n; bzip2 -k n; bzip2 -dc n.bz2 | cmp - n; zstd -q -T2 n; zstd -dqc n.zst | cmp - n; zstd -q --rm n -o m.zst; ls
         mkdir d; zstd -dq m.zst -o d/n; (cd d; find . | sort | cpio -o --quiet) > c; mkdir e; (cd e; cpio -i --quiet) < c; cmp d/n e/n; cpio -t --quiet < c",
    );
}

#[test]
fn find_looks_everywhere() {
    same_bash(
        &["find", "xargs", "grep"],
        "mkdir -p t/{a,b}/{c,d}; for f in t/*/*; do seq 1 $((RANDOM = 5)) > $f/x; done; find t -name x -exec wc -l {} + | tail -1; find t -type d -empty; find t -type f -size -2k | sort
         find t -name x -print0 | xargs -0 -P 4 -n 1 cat | wc -l; find t -depth -name c -exec rm -r {} \\; ; find t | sort; find t -fprint list; sort list | tail -1; find t -delete; find t 2>&1 || echo gone; cd /; find . -maxdepth 0",
    );
}

#[test]
fn sed_and_awk_write_files() {
    same_bash(
        &["sed", "awk"],
        "seq 1 50 > n; sed -n -e '/5$/w fives' -e '1!G;h;$p' n | md5sum; cat fives; sed -i.bak '1,3d;s/4/four/' n; head -2 n; wc -l n n.bak; sed -s -n '$p' n n.bak
         awk '{ print > (\"m\" $1 % 7) }' n.bak; wc -l m*; awk 'BEGIN { while ((getline l < \"n\") > 0) c++; close(\"n\"); while ((getline l < \"n\") > 0) c++; print c; \"echo cmd\" | getline x; print x; print \"b\\na\" | \"sort\" }'
         awk 'BEGIN { for (i = 0; i < 300; i++) { f = \"many\" i; print i > f } for (i = 0; i < 300; i++) close(\"many\" i); while ((getline l < \"many299\") > 0) print l }'; ls | wc -l",
    );
}

#[test]
fn grep_reads_all_kinds() {
    same_bash(
        &["grep"],
        "mkdir -p d/e; seq 1 20000 > d/n; printf 'a\\0b\\n' > d/bin; echo needle > d/e/h; ln -s e/h d/l; grep -rc needle d | sort; grep -r needle d; grep -R needle d | sort; grep -l 777 d/n; grep -a b d/bin | od -c | head -1
         grep b d/bin; grep -m2 99 d/n; grep -c 1 < d/n; grep -q x d/n || echo $?; grep x none || echo $?; grep -A1 -B1 -n '^100$' d/n; grep needle d 2>&1 || echo $?; seq 1 100000 | grep -q 5; echo needle >> d/n; grep needle d/n >> d/n 2>&1 || echo $?",
    );
}

#[test]
fn patch_and_diff() {
    same_bash(
        &["patch", "diff", "cmp"],
        "seq 1 100 > a; sed 's/50/fifty/;$d' a > b; diff -u --label a --label b a b > p || echo $?; patch -s a p; cmp a b; patch -s -R a p; wc -l a; cmp a b || echo $?; diff3 a b a || echo $?; sdiff -s a b || echo $?; patch -s a < /dev/null; ls",
    );
}

#[test]
fn a_static_program() {
    same_bash(
        &["busybox"],
        "busybox sh -c 'echo hi > f; exec 3<f; read x <&3; echo $x; exec 3<&-; busybox seq 1 1000 > n; busybox tail -n 1 n; busybox sort -rn n | busybox head -n 1; busybox tar c n | busybox tar t; busybox gzip n; busybox zcat n.gz | busybox md5sum; busybox find . | busybox sort'",
    );
}

#[test]
fn a_log_is_followed_and_rotated() {
    same_bash(
        &["tail", "timeout"],
        ": > log; (for i in 1 2 3 4; do echo $i; sleep 0.05; done >> log) & tail -n +1 -f --pid=$! log; wait; exec 5>>log; echo five >&5; mv log old; echo six >&5; exec 5>>log; echo seven >&5; tail -n 2 old; cat log
         : > old; echo eight >> old; cat old; timeout 0.2 tail -f log || echo $?",
    );
}

#[test]
fn locks_between_processes() {
    same_bash(
        &["flock"],
        "echo 0 > n; for i in $(seq 1 30); do (flock 9; x=$(cat n); echo $((x + 1)) > n) 9>lock & done; wait; cat n
         exec 8>lock; flock -n 8; flock -n lock true || echo busy; flock -u 8; flock -n lock echo free; (flock -s 7; flock -s -n lock echo shared; flock -n lock true || echo busy) 7<lock",
    );
}

#[test]
fn vim_edits_and_jq_filters() {
    same_bash(
        &["vim"],
        "seq 1 9 > f; vim -u NONE -es -c '%s/5/five/' -c '1d' -c 'w copy' -c 'wq' f; cat f; cmp f copy; ls -A",
    );
    same_bash(
        &["jq"],
        "echo '{\"a\": [1, 2, {\"b\": null}]}' > j; jq -c '.a[2], (.a | length)' j; jq . < j > k; jq -c . j k; jq . none || echo $?",
    );
}
