for n in 1024 1025 1500 2047 2048 2049 3000 5000; do
    eval "exec $n> f$n; echo $n >&$n; exec $n>&-; exec $n< f$n; cat <&$n; exec $n<&-"
done
exec 1100>a 1101>&1100 1102>&1101-
echo one >&1100
echo two >&1102
echo x 2>/dev/null >&1101 || echo moved
exec 1100>&- 1102>&-
cat a
exec 1200<a
read x <&1200
(
    read y <&1200
    echo $y
)
read z <&1200 || echo end
exec 1200<&-
exec 1300< <(seq 3)
cat <&1300
echo big 1>&1301 || echo $?
exec 1400>&1
echo out >&1400
bash -c 'echo child >&1400'
ls f* | wc -l
