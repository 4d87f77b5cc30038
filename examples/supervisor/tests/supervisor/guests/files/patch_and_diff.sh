seq 1 100 >a
sed 's/50/fifty/;$d' a >b
diff -u --label a --label b a b >p || echo $?
patch -s a p
cmp a b
patch -s -R a p
wc -l a
cmp a b || echo $?
diff3 a b a || echo $?
sdiff -s a b || echo $?
patch -s a </dev/null
ls
