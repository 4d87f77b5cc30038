echo a >f
exec 3<f 4>>f 5<>f
echo b >&4
cat <&3
read x <&5
echo $x
exec 3<&- 4>&- 5<&-
cat f
(
    exec 9>g
    echo nine >&9
    cat g
)
{
    echo x
    echo y >&2
} 2>h
cat h
cat - f <<X
here
X
exec 6>&1 >o
echo hidden
exec >&6 6>&-
cat o
(
    set -C
    echo no >f
) 2>/dev/null || echo kept
(cat <none) 2>/dev/null || echo $?
(echo hi >&9) 2>/dev/null || echo bad
for i in 1 2 3; do echo $i; done >l
while read i; do echo =$i; done <l
: >l
cat l
sh -c 'echo $0 $1' a b
(
    sleep 0.02
    echo bg >bg
) &
wait
cat bg
(exit 5) || echo $?
trap 'echo bye' EXIT
kill -0 $$
umask 077
echo p >p
ls -l p | cut -c1-10
