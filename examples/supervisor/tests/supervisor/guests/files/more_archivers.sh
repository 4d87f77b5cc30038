seq 1 30000 >n
bzip2 -k n
bzip2 -dc n.bz2 | cmp - n
zstd -q -T2 n
zstd -dqc n.zst | cmp - n
zstd -q --rm n -o m.zst
ls
mkdir d
zstd -dq m.zst -o d/n
(
    cd d
    find . | sort | cpio -o --quiet
) >c
mkdir e
(
    cd e
    cpio -i --quiet
) <c
cmp d/n e/n
cpio -t --quiet <c
