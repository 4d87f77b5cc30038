//! What developers run: git, compilers, make, cargo.

use super::super::harness::{same, same_bash};

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
#[test]
fn git_packs_and_clones() {
    same_bash(
        &["git"],
        "git init -q -b main r; cd r; for i in $(seq 1 25); do seq $i $((i * 40)) > f$((i % 5)); git add .; git commit -qm $i; done; git repack -adq; git gc -q --prune=now; git count-objects; git rev-parse HEAD; git fsck --strict 2>&1
         cd ..; git clone -q r c1; git clone -q --bare r b.git; git clone -q --depth 1 file://$PWD/r c2; git -C c2 log --oneline; cd c1; echo x > new; git add new; git commit -qm new; git push -q ../b.git main; git -C ../b.git log -1 --format=%s; cd ../r; git pull -q ../b.git main; cat new
         git bundle create -q ../x.bundle main; git clone -q -b main ../x.bundle ../c3; git -C ../c3 rev-parse HEAD; git archive HEAD | tar t; git verify-pack -v .git/objects/pack/*.idx 2>/dev/null | wc -l",
    );
}

#[test]
fn git_rewrites_and_searches() {
    same_bash(
        &["git"],
        "git init -q -b main r; cd r; for i in 1 2 3 4; do echo $i > f$i; git add .; git commit -qm c$i; done; git checkout -q -b topic HEAD~2; echo t > t; git add t; git commit -qm t; git rebase -q main; git log --format=%s; git checkout -q main; git cherry-pick topic > /dev/null; git revert --no-edit HEAD > /dev/null
         git stash list; echo dirty >> f1; git stash -q; git stash pop -q; git diff --stat; git commit -qam dirty; git tag -a v1 -m v1; git describe; git grep -n 3; git blame -s f1; git bisect start HEAD HEAD~4 >/dev/null; git bisect run grep -q 1 f1 | tail -2; git bisect reset 2>/dev/null; git mv f2 g2; git status --short; git reset -q --hard; git worktree add -q ../w topic; ls ../w; git worktree list | wc -l
         echo a > c; git add c; git commit -qm a; git checkout -q -b other HEAD~1; echo b > c; git add c; git commit -qm b; git merge main > /dev/null || git diff --name-only --diff-filter=U; git merge --abort; git reflog | wc -l; git submodule -q status; git clean -xfdq; git rev-parse HEAD^{tree}",
    );
}

#[test]
fn make_builds_a_library_in_parallel() {
    same_bash(
        &["make", "gcc", "ar"],
        "for i in $(seq 1 12); do echo \"int f$i(void) { return $i; }\" > f$i.c; done; { for i in $(seq 1 12); do echo \"int f$i(void);\"; done; echo '#include <stdio.h>'; echo 'int main(void) { printf(\"%d\\n\", f1() + f12()); return 0; }'; } > main.c
         printf 'O = $(patsubst %%.c,%%.o,$(wildcard f*.c))\\nmain: main.o lib.a\\n\\t@gcc -o $@ $^\\nlib.a: $(O)\\n\\t@ar rcs $@ $(sort $(O))\\n%%.o: %%.c\\n\\t@gcc -O1 -MMD -c -o $@ $<\\nclean:\\n\\t@rm -f *.o *.d\\n-include *.d\\n' > Makefile
         make -j4 main; ./main; ar t lib.a; make -j4 main; touch f3.c; make -j4 -n main; make -j4 main; make -s clean; ls; make none 2>&1 || echo $?; printf 'a b c d:\\n\\t@$(MAKE) --no-print-directory -f sub $@.x\\nall: a b c d\\n' > m; printf '%%.x:\\n\\t@echo $@ > $@\\n' > sub; make -j3 -s -f m all; cat *.x; nm lib.a | grep -c ' T '; strip main; ./main",
    );
}

#[test]
fn a_compiler_complains_and_links() {
    same_bash(
        &["gcc", "ld"],
        "echo 'int main(void) { return x; }' > bad.c; gcc -c bad.c 2>&1 || echo $?; gcc -c none.c 2>&1 || echo $?; printf '#include <dlfcn.h>\\n#include <stdio.h>\\nint main(void) { void *h = dlopen(\"./l.so\", RTLD_NOW); int (*f)(void) = (int (*)(void)) dlsym(h, \"f\"); printf(\"%%d\\\\n\", f()); return dlclose(h); }\\n' > d.c
         echo 'int f(void) { return 42; }' > l.c; gcc -shared -fPIC -o l.so l.c; gcc -o d d.c -ldl; ./d; gcc -static -o s l.c -xc - <<< 'int f(void); int main(void) { return f() != 42; }'; ./s; gcc -E - < l.c | tail -1; gcc -S -o - l.c | grep -c '^f:'; gcc -pipe -c l.c; gcc -save-temps -c l.c; ls; echo 'int f(void) { return 43; }' > l.c; gcc -shared -fPIC -o l.so l.c; ./d; gcc -flto -O2 -o t bad.c -Dx=3 || :; ./t || echo $?",
    );
}

#[test]
fn cargo_builds_a_crate() {
    // The very toolchain that runs this test, not a wrapper that looks for one at home.
    let cargo = env!("CARGO");
    let script = format!(
        "PATH=$(dirname {cargo}):$PATH; export CARGO_NET_OFFLINE=true CARGO_BUILD_JOBS=2 CARGO_TERM_COLOR=never; unset CARGO_TARGET_DIR; cargo new -q --vcs none --name tiny t; cd t
         cat > src/lib.rs <<'X'
pub fn twice(n: u32) -> u32 {{ n * 2 }}
#[test]
fn doubles() {{ assert_eq!(twice(4), 8); }}
X
         cargo build -q; ./target/debug/tiny; cargo test -q --lib | grep result | cut -d';' -f1; cargo build -q; echo 'fn main() {{ println!(\"{{}}\", tiny::twice(21)); }}' > src/main.rs; cargo run -q; cargo metadata -q --format-version 1 | wc -l; echo 'fn main() {{ x }}' > src/main.rs; cargo build -q 2>&1 | head -1 || :; cargo clean -q; ls"
    );
    same(&["bash", "gcc"], &["bash", "-c", &format!("set -e; {script}")], 0);
}

#[test]
fn perl_in_every_way() {
    same_bash(
        &["perl"],
        "cat > p.pl <<'X'
use strict; use warnings; use Fcntl qw(:flock :seek SEEK_SET O_RDWR O_CREAT); use File::Temp; use File::Find; use IO::Handle; use POSIX ();
sysopen(my $f, 'f', O_RDWR | O_CREAT) or die; syswrite $f, 'hello world'; sysseek $f, 6, 0; sysread $f, my $b, 5; print \"$b\\n\"; flock $f, LOCK_EX or die; truncate $f, 5; print -s 'f', \"\\n\"; close $f;
open(my $p, '-|', 'cat', 'f') or die; print <$p>, \"\\n\"; close $p; open($p, '|-', 'sort > s') or die; print $p \"b\\na\\n\"; close $p; open(my $s, '<', 's'); my @l = <$s>; print @l, tell $s, \"\\n\"; seek $s, 0, 0; print scalar <$s>;
open(my $dup, '>&', \\*STDOUT); print $dup \"dup\\n\"; $dup->flush; my $pid = fork // die; if (!$pid) { seek $s, 2, 0; print scalar <$s>; STDOUT->flush; POSIX::_exit(3) } waitpid $pid, 0; print $? >> 8, \"\\n\";
my $t = File::Temp->new; print $t 'x' x 100000; $t->flush; print -s $t->filename, \"\\n\"; mkdir 'd'; for my $i (1 .. 20) { open(my $o, '>', \"d/$i\"); print $o $i } my $n = 0; find(sub { $n += -s if -f }, 'd'); print \"$n\\n\"; opendir(my $d, 'd'); print join(' ', sort grep !/^[.]/, readdir $d), \"\\n\"; rewinddir $d; print scalar(() = readdir $d), \"\\n\";
open(my $in, '<', \\'in memory'); print <$in>, \"\\n\"; print `echo back`; system 'sh', '-c', 'exit 7'; print $? >> 8, \"\\n\"; local @ARGV = ('s'); local $^I = '.bak'; while (<>) { print uc } print STDOUT -s 's.bak', \"\\n\"; rename 's', 'r'; print STDOUT -e 's' ? 1 : 0, unlink('r', 'f'), \"\\n\";
X
         perl p.pl; ls; perl -ne 'print if /2/' < <(seq 30); perl -pi -e 's/x/y/' p.pl; grep -c y p.pl",
    );
}

#[test]
fn other_interpreters() {
    same(
        &["lua5.4"],
        &[
            "lua5.4",
            "-e",
            "local f = io.open('f', 'w'); f:write(('x'):rep(5000)); f:close(); f = io.open('f', 'r+'); print(f:seek('end'), f:seek('set', 10), #f:read('a')); f:seek('set'); f:write('abc'); f:seek('set'); print(f:read(5)); f:close(); for l in io.popen('echo piped'):lines() do print(l) end; print(os.execute('exit 3')); print(io.open('none')); print(pcall(io.lines, 'none')); local t = os.tmpname(); print(os.remove(t)); print(os.rename('f', 'g'), io.type(io.open('g')))",
        ],
        0,
    );
    same_bash(
        &["node"],
        "echo 'const fs = require(\"fs\"), cp = require(\"child_process\"); fs.writeFileSync(\"f\", \"x\".repeat(1e5)); console.log(fs.readFileSync(\"f\").length, fs.statSync(\"f\").size); const d = fs.openSync(\"f\", \"r+\"); fs.writeSync(d, \"abc\", 2); console.log(fs.readSync(d, Buffer.alloc(5), 0, 5, 1), cp.execSync(\"cat f | wc -c\").toString().trim()); fs.closeSync(d); fs.createReadStream(\"f\").pipe(fs.createWriteStream(\"g\")).on(\"finish\", () => fs.promises.readdir(\".\").then(l => console.log(l.sort().join(), fs.statSync(\"g\").size)));' > s.js; node s.js",
    );
    same_bash(
        &["bc", "m4"],
        "echo '2^64' > e; bc -q e < /dev/null; echo 'define(a, b)a' > m; m4 m; echo 'scale=5; 1/3' | bc; m4 -D x=y <<< 'x include(m)'",
    );
}

#[test]
fn a_tracer_traces_a_guest() {
    same_bash(
        &["strace"],
        "echo x > f; strace -f -o t -e trace=execve cat f; grep -c execve t; strace -o u -e trace=exit_group sh -c 'exit 3' || echo $?; tail -1 u",
    );
}

#[test]
fn a_terminal_is_a_terminal() {
    same_bash(
        &["script"],
        "script -qec 'test -t 0 && test -t 1 && tty > name; echo typed > f; cat f' log < /dev/null | tr -d '\\r'; grep -c pts name; tr -d '\\r' < log | grep -c typed",
    );
}
