paste <(seq 3) <(seq 4 6) <(seq 7 9)
seq 5 | tee >(sort -r >rev) >fwd
until [ -s rev ] && [ $(wc -l <rev) = 5 ]; do sleep 0.01; done
cat fwd rev
diff <(seq 3) <(seq 4) || echo $?
f() { cat $1 $2; }
f <(echo x) <(echo y)
exec 9< <(seq 1 20000)
wc -l <&9
cat <(cat <(cat <(echo deep)))
