i=0
while [ $i -lt 40 ]; do
    echo $i | cat | cat | cat
    i=$((i + 1))
done
x=$(echo a | cat | cat)
echo $x
seq 1 10000 | (
    read a
    read b
    echo $a $b
)
yes 2>/dev/null | head -n 2
