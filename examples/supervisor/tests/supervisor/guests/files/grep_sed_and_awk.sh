mkdir t
for i in 1 2 3; do echo line $i >t/$i; done
grep -r line t | sort
sed -i s/line/word/ t/1
cat t/1
awk '{ s += $2 } END { print s }' t/*
find t -type f | sort | xargs cat
