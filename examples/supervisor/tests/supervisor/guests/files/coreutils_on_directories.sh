mkdir -p a/b/c
touch a/1 a/b/2
ln -s ../1 a/b/l
ln a/1 a/hard
install -m 600 a/1 a/i
ls -l a/i | cut -c1-10
readlink a/b/l
realpath a/b/l | sed s,.*/a,a,
truncate -s 12345 a/t
du -b a/t
stat -c '%h %a' a/1
cp -a a copy
ls -R copy
chmod -R u-w copy/b
ls -ld copy/b | cut -c1-10
chmod -R u+w copy
rm -r copy/b
rmdir copy 2>/dev/null || echo not empty
f=$(mktemp -p .)
test -e $f
rm $f
ls -A
