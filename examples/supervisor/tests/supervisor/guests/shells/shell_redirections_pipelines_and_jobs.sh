diff <(seq 1 3) <(seq 1 3)
cat <(echo a) <(echo b)
mapfile -t l < <(seq 1 4)
echo ${#l[@]}
