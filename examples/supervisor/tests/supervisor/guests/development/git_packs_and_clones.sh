git init -q -b main r
cd r
for i in $(seq 1 25); do
    seq $i $((i * 40)) >f$((i % 5))
    git add .
    git commit -qm $i
done
git repack -adq
git gc -q --prune=now
git count-objects
git rev-parse HEAD
git fsck --strict 2>&1
cd ..
git clone -q r c1
git clone -q --bare r b.git
git clone -q --depth 1 file://$PWD/r c2
git -C c2 log --oneline
cd c1
echo x >new
git add new
git commit -qm new
git push -q ../b.git main
git -C ../b.git log -1 --format=%s
cd ../r
git pull -q ../b.git main
cat new
git bundle create -q ../x.bundle main
git clone -q -b main ../x.bundle ../c3
git -C ../c3 rev-parse HEAD
git archive HEAD | tar t
git verify-pack -v .git/objects/pack/*.idx 2>/dev/null | wc -l
