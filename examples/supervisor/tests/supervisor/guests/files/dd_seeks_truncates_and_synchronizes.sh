seq 1 20000 >in
dd if=in of=out bs=4k status=none
cmp in out
dd if=in of=out bs=1 count=3 seek=7 conv=notrunc status=none
head -c 12 out | od -c
dd if=in of=hole bs=1 seek=1M count=1 status=none
stat -c %s hole
dd if=in bs=100 skip=3 count=2 status=none | md5sum
dd if=in of=s bs=64k conv=fsync,sparse status=none
cmp in s
dd if=in of=app bs=1k count=1 status=none
dd if=in of=app bs=1k count=1 oflag=append conv=notrunc status=none
wc -c app
dd if=/dev/zero of=big bs=1M count=5 status=none
wc -c big
dd if=none of=x 2>&1 | cat
