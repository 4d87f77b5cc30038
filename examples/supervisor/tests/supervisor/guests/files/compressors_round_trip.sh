seq 1 30000 >n
for c in gzip xz; do
    cp n m
    $c m
    ls
    $c -t m.?z
    $c -l m.?z | wc -l
    $c -dc m.?z | cmp - n
    $c -d m.?z
    cmp m n
done
xz -T2 -k --block-size=64KiB n
xz -dc -T2 n.xz | cmp - n
gzip -9c n | wc -c
tar cJf t.tar.xz n
tar xJOf t.tar.xz | cmp - n
gzip n
gzip n.gz 2>&1 || echo $?
echo junk >j.gz
gzip -d j.gz || echo $?
