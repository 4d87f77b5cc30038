git init -q -b main r
cd r
for i in 1 2 3 4; do
    echo $i >f$i
    git add .
    git commit -qm c$i
done
git checkout -q -b topic HEAD~2
echo t >t
git add t
git commit -qm t
git rebase -q main
git log --format=%s
git checkout -q main
git cherry-pick topic >/dev/null
git revert --no-edit HEAD >/dev/null
git stash list
echo dirty >>f1
git stash -q
git stash pop -q
git diff --stat
git commit -qam dirty
git tag -a v1 -m v1
git describe
git grep -n 3
git blame -s f1
git bisect start HEAD HEAD~4 >/dev/null
git bisect run grep -q 1 f1 | tail -2
git bisect reset 2>/dev/null
git mv f2 g2
git status --short
git reset -q --hard
git worktree add -q ../w topic
ls ../w
git worktree list | wc -l
echo a >c
git add c
git commit -qm a
git checkout -q -b other HEAD~1
echo b >c
git add c
git commit -qm b
git merge main >/dev/null || git diff --name-only --diff-filter=U
git merge --abort
git reflog | wc -l
git submodule -q status
git clean -xfdq
git rev-parse HEAD^{tree}
