git init -q -b main r
cd r
for i in 1 2 3; do
    seq $i 100 >f$i
    git add .
    git commit -qm "c $i"
done
git log --oneline
git checkout -q -b side HEAD~1
echo x >>f1
git commit -qam side
git checkout -q main
git merge -q -m merged side
git log --format=%s
git gc -q
git fsck 2>/dev/null
git status --short
git clone -q . ../c
cd ../c
git log --oneline | wc -l
git diff --stat HEAD~1
