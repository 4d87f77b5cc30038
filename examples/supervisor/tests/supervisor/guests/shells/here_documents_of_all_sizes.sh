for n in 1 100 10000 50000; do
    x=$(seq $n)
    cat <<X | md5sum
$x
X
    cat <<<"$x" | md5sum
done
cat <<'A'; cat <<B
$quoted
A
$((6 * 7)) $(cat <<C
inner
C
)
B
