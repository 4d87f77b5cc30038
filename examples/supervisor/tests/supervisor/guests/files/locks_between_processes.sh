echo 0 >n
for i in $(seq 1 30); do (
    flock 9
    x=$(cat n)
    echo $((x + 1)) >n
) 9>lock & done
wait
cat n
exec 8>lock
flock -n 8
flock -n lock true || echo busy
flock -u 8
flock -n lock echo free
(
    flock -s 7
    flock -s -n lock echo shared
    flock -n lock true || echo busy
) 7<lock
