cat /proc/sys/kernel/ns_last_pid 2>/dev/null && exit 9
exec 1100>out
for i in $(seq 1 150); do (echo $i >&1100); done
for i in 1 2 3 4 5 6 7 8; do
    (
        for j in 1 2 3; do (echo $i >&1100) & done
        wait
    ) &
done
wait
sort -n out | uniq | wc -l
wc -l <out
(exit 3) | cat
exec 1100>&-
perl silent.pl
echo end
