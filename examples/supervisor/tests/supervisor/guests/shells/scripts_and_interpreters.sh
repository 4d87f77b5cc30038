printf '#!/bin/sh\necho "$0 $#"; cat <<X\nfrom $1\nX\n' >s
chmod +x s
./s a b
sh s
sh <s
. ./s c
printf 'echo loose\n' >l
chmod +x l
./l
env -i ./s x
printf '#!./s\n' >t
chmod +x t
./t q
printf '#!/no/such\n' >u
chmod +x u
./u 2>/dev/null || echo $?
cat s | sh -s 1 2
bash -c 'source s; echo sourced' arg
echo 'exec ./s last' >v
sh v
(
    cd /
    "$OLDPWD/s" far | tail -1
)
