mkdir -p t/{a,b}/{c,d}
for f in t/*/*; do seq 1 $((RANDOM = 5)) >$f/x; done
find t -name x -exec wc -l {} + | tail -1
find t -type d -empty
find t -type f -size -2k | sort
find t -name x -print0 | xargs -0 -P 4 -n 1 cat | wc -l
find t -depth -name c -exec rm -r {} \;
find t | sort
find t -fprint list
sort list | tail -1
find t -delete
find t 2>&1 || echo gone
cd /
find . -maxdepth 0
