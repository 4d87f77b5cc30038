seq 1 50000 >n
cat n | cat | cat | cat | cat | cat | cat | cat | md5sum
for i in $(seq 1 20); do seq $i | tr '\n' ' ' | cat | cat; done
(yes | head -1000 || :) | wc -l
! false | true
set +o pipefail
yes | head -1
echo ${PIPESTATUS[@]}
false | cat
echo $?
