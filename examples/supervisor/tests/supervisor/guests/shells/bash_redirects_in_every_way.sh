echo a >f
echo b >>f
cat <f
echo c >|f
cat 0<f
echo d &>g
cat g
{
    echo e
    echo x >&2
} >g 2>&1
cat g
exec 7<>f
echo X >&7
exec 7>&-
cat f
exec {n}>v
echo named >&$n
exec {n}>&-
cat v
cat <<<word
cat <<-X
		no tabs
	X
set -o noclobber
echo no >f || echo kept
set +o noclobber
exec 6>&1 >saved
echo in file
exec >&6 6>&-
cat saved
read -r l <f
echo $l
echo a >/dev/stdout
echo err 2>&1 >/dev/null | cat
cat f - <g
while read l; do echo "<$l>"; done < <(seq 3)
for i in 1 2; do echo $i; done >loop
cat loop
(echo sub) >s
cat s
$(echo cat) s
echo $(<s)
: >s
test ! -s s
cat <none || echo $?
echo >/ || echo $?
