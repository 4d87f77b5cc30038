seq 1 50000 >a
cp --reflink=auto a b
cmp a b
truncate -s 1M hole
echo x >>hole
cp --sparse=always hole h2
cmp hole h2
stat -c %s h2
fallocate -l 8192 f
stat -c %s f
fallocate -n -l 99999 f
stat -c %s f
cp -p a c
test ! a -nt c
cp -l a d
stat -c %h a
cp -n b a
cp -u b a
mv -n b a
ls
