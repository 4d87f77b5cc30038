seq 1 300 >n
cut -c1 n | sort | uniq -c
paste n n | tail -2
split -l 100 n part.
wc -l part.*
cat part.* | cmp - n
tac n | head -2
csplit -s n 50 150
wc -l xx*
comm -12 <(sort n) <(seq 1 3)
join <(echo 1 a) <(echo 1 b)
shuf n | sort -n | cmp - n
od -An -c n | head -1
seq 5 | tee t1 t2 | nl
cat t1 t2 | tr 1-5 a-e
fold -w 3 n | tail -1
sort --parallel=2 -S 64k -n -r n | head -1
md5sum n
sha256sum n | md5sum
base64 n | base64 -d | cmp - n
