f=/etc/services
[ -e $f ] || f=/etc/passwd
cp $f a
sort a | md5sum
for i in $(seq 50); do echo $i >f$i; done
cat f* | md5sum
(
    exec 4<a
    read -u 4 l
    echo "$l"
)
