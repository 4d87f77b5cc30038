seq 1 10000 >a
cp a b
cmp a b
mkdir -p d/e
cp a d/e
cp -r d f
ls -R
wc -l a b f/e/a
sort -rn a >r
head -3 r
tail -n 2 a
dd if=a of=c bs=7 count=100 status=none
wc -c c
mv c d
stat -c %s d/c
rm -r f
ls
