seq 1 50 >n
sed -n -e '/5$/w fives' -e '1!G;h;$p' n | md5sum
cat fives
sed -i.bak '1,3d;s/4/four/' n
head -2 n
wc -l n n.bak
sed -s -n '$p' n n.bak
awk '{ print > ("m" $1 % 7) }' n.bak
wc -l m*
awk 'BEGIN {
    while ((getline l < "n") > 0) c++
    close("n")
    while ((getline l < "n") > 0) c++
    print c
    "echo cmd" | getline x
    print x
    print "b\na" | "sort"
}'
awk 'BEGIN {
    for (i = 0; i < 300; i++) { f = "many" i; print i > f }
    for (i = 0; i < 300; i++) close("many" i)
    while ((getline l < "many299") > 0) print l
}'
ls | wc -l
