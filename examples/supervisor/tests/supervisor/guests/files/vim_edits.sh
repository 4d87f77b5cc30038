seq 1 9 >f
vim -u NONE -es -c '%s/5/five/' -c '1d' -c 'w copy' -c 'wq' f
cat f
cmp f copy
ls -A
