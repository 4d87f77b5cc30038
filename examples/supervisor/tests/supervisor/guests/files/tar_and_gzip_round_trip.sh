mkdir -p src/x
seq 1 5000 >src/x/n
echo hi >src/h
ln -s h src/l
tar czf t.gz src
mkdir out
tar xzf t.gz -C out
diff -r src out/src
tar tzf t.gz | sort
gzip -dc t.gz | wc -c
