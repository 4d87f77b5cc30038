//! Shells: redirections, pipelines, jobs, and how they end.

use super::super::harness::{same, same_bash, same_dash};

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
fn bash_redirects_in_every_way() {
    same_bash(
        &["cat"],
        "echo a > f; echo b >> f; cat < f; echo c >| f; cat 0< f; echo d &> g; cat g; { echo e; echo x >&2; } > g 2>&1; cat g; exec 7<> f; echo X >&7; exec 7>&-; cat f
         exec {n}> v; echo named >&$n; exec {n}>&-; cat v; cat <<< word; cat <<- X
\t\tno tabs
\tX
         set -o noclobber; echo no > f || echo kept; set +o noclobber; exec 6>&1 > saved; echo in file; exec >&6 6>&-; cat saved; read -r l < f; echo $l; echo a > /dev/stdout; echo err 2>&1 > /dev/null | cat; cat f - < g
         while read l; do echo \"<$l>\"; done < <(seq 3); for i in 1 2; do echo $i; done > loop; cat loop; (echo sub) > s; cat s; $(echo cat) s; echo $(< s); : > s; test ! -s s; cat < none || echo $?; echo > / || echo $?",
    );
}

#[test]
fn bash_moves_far_descriptors() {
    same_bash(
        &["cat", "seq"],
        "for n in 1024 1025 1500 2047 2048 2049 3000 5000; do eval \"exec $n> f$n; echo $n >&$n; exec $n>&-; exec $n< f$n; cat <&$n; exec $n<&-\"; done
         exec 1100> a 1101>&1100 1102>&1101-; echo one >&1100; echo two >&1102; echo x 2>/dev/null >&1101 || echo moved; exec 1100>&- 1102>&-; cat a
         exec 1200< a; read x <&1200; (read y <&1200; echo $y); read z <&1200 || echo end; exec 1200<&-; exec 1300< <(seq 3); cat <&1300; echo big 1>&1301 || echo $?; exec 1400>&1; echo out >&1400; bash -c 'echo child >&1400'; ls f* | wc -l",
    );
}

#[test]
fn here_documents_of_all_sizes() {
    same_bash(
        &["seq", "md5sum"],
        "for n in 1 100 10000 50000; do x=$(seq $n); cat <<X | md5sum
$x
X
cat <<< \"$x\" | md5sum; done; cat <<'A'; cat <<B
$quoted
A
$((6 * 7)) $(cat <<C
inner
C
)
B",
    );
}

#[test]
fn process_substitution_both_ways() {
    same_bash(
        &["tee", "paste", "sort", "diff"],
        "paste <(seq 3) <(seq 4 6) <(seq 7 9); seq 5 | tee >(sort -r > rev) > fwd; until [ -s rev ] && [ $(wc -l < rev) = 5 ]; do sleep 0.01; done; cat fwd rev; diff <(seq 3) <(seq 4) || echo $?
         f() { cat $1 $2; }; f <(echo x) <(echo y); exec 9< <(seq 1 20000); wc -l <&9; cat <(cat <(cat <(echo deep)))",
    );
}

#[test]
fn background_jobs_and_coprocesses() {
    same_bash(
        &["sleep"],
        "for i in 1 2 3 4 5 6 7 8; do (sleep 0.0$i; echo $i > j$i; exit $i) & p[i]=$!; done; for i in 1 2 3 4 5 6 7 8; do wait ${p[i]} || echo \"$?\"; done; cat j*
         coproc c { while read x; do echo \"got $x\"; done; }; echo hello >&${c[1]}; read y <&${c[0]}; echo $y; eval \"exec ${c[1]}>&-\"; wait $c_PID; sleep 30 & kill $!; wait $! || echo $?; trap 'echo trapped' USR1; kill -USR1 $$; echo after",
    );
}

#[test]
fn long_pipelines() {
    same_bash(
        &["cat", "seq", "head", "tr"],
        "seq 1 50000 > n; cat n | cat | cat | cat | cat | cat | cat | cat | md5sum; for i in $(seq 1 20); do seq $i | tr '\\n' ' ' | cat | cat; done; (yes | head -1000 || :) | wc -l; ! false | true; set +o pipefail; yes | head -1; echo ${PIPESTATUS[@]}; false | cat; echo $?",
    );
    same_dash(
        "i=0; while [ $i -lt 40 ]; do echo $i | cat | cat | cat; i=$((i + 1)); done; x=$(echo a | cat | cat); echo $x; seq 1 10000 | (read a; read b; echo $a $b); yes 2>/dev/null | head -n 2",
    );
}

#[test]
fn dash_redirects() {
    same_dash(
        "echo a >f; exec 3<f 4>>f 5<>f; echo b >&4; cat <&3; read x <&5; echo $x; exec 3<&- 4>&- 5<&-; cat f; (exec 9>g; echo nine >&9; cat g); { echo x; echo y >&2; } 2>h; cat h; cat <<X - f
here
X
exec 6>&1 >o; echo hidden; exec >&6 6>&-; cat o; (set -C; echo no >f) 2>/dev/null || echo kept; (cat <none) 2>/dev/null || echo $?; (echo hi >&9) 2>/dev/null || echo bad; for i in 1 2 3; do echo $i; done >l; while read i; do echo =$i; done <l; : >l; cat l
sh -c 'echo $0 $1' a b; (sleep 0.02; echo bg >bg) & wait; cat bg; (exit 5) || echo $?; trap 'echo bye' EXIT; kill -0 $$; umask 077; echo p >p; ls -l p | cut -c1-10",
    );
}

#[test]
fn statuses_of_signals() {
    // 128 + n, from whichever depth the signal comes.
    for (signal, code) in [
        ("HUP", 129),
        ("ABRT", 134),
        ("KILL", 137),
        ("SEGV", 139),
        ("PIPE", 141),
        ("ALRM", 142),
        ("USR2", 140),
    ] {
        let script = format!("ulimit -c 0; kill -{signal} $$");
        same(&["bash"], &["bash", "-c", &script], code);
        let script = format!("bash -c 'ulimit -c 0; kill -{signal} $$' 2>/dev/null; echo $?");
        same(&["dash", "bash"], &["dash", "-c", &script], 0);
    }
    same(&["dash"], &["dash", "-c", "exec /etc/passwd"], 126);
    same(&["dash"], &["dash", "-c", "exec no-such-program"], 127);
}

#[test]
fn scripts_and_interpreters() {
    same_bash(
        &["cat", "chmod", "env"],
        "printf '#!/bin/sh\\necho \"$0 $#\"; cat <<X\\nfrom $1\\nX\\n' > s; chmod +x s; ./s a b; sh s; sh < s; . ./s c; printf 'echo loose\\n' > l; chmod +x l; ./l; env -i ./s x; printf '#!./s\\n' > t; chmod +x t; ./t q
         printf '#!/no/such\\n' > u; chmod +x u; ./u 2>/dev/null || echo $?; cat s | sh -s 1 2; bash -c 'source s; echo sourced' arg; echo 'exec ./s last' > v; sh v; (cd /; \"$OLDPWD/s\" far | tail -1)",
    );
}

#[test]
fn zsh_works() {
    same(
        &["zsh"],
        &[
            "zsh",
            "-f",
            "-c",
            "echo a >f >g; cat f g; cat <f <g; echo x | tee t >(cat >u); sleep 0.1; cat u; read l <f; echo $l; exec {fd}>h; echo n >&$fd; exec {fd}>&-; cat h; diff =(seq 3) <(seq 3) && echo same; ls",
        ],
        0,
    );
}
