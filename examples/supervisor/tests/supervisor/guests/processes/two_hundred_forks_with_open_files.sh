seq 1 400 >in
exec 9<in
for i in $(seq 1 200); do (
    read x <&9
    echo $x >>out
); done
wc -l <out
tail -1 out
