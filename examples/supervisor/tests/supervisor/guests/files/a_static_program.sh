busybox sh -c '
    echo hi > f
    exec 3<f
    read x <&3
    echo $x
    exec 3<&-
    busybox seq 1 1000 > n
    busybox tail -n 1 n
    busybox sort -rn n | busybox head -n 1
    busybox tar c n | busybox tar t
    busybox gzip n
    busybox zcat n.gz | busybox md5sum
    busybox find . | busybox sort
'
