set -e
(
    echo b
    echo a
) | sort
cat <<X
here $((1 + 2))
X
exec 3>f
echo three >&3
exec 3>&-
cat f
exec 4<>f
read l <&4
echo $l
exec 4<&-
for i in 1 2 3; do (echo job $i >j$i) & done
wait
cat j1 j2 j3
{
    echo out
    echo err >&2
} 2>&1 | cat
x=$(cat f | tr a-z A-Z)
echo $x
ls nothing 2>/dev/null || echo failed $?
