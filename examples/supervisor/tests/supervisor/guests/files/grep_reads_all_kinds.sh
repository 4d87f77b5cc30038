mkdir -p d/e
seq 1 20000 >d/n
printf 'a\0b\n' >d/bin
echo needle >d/e/h
ln -s e/h d/l
grep -rc needle d | sort
grep -r needle d
grep -R needle d | sort
grep -l 777 d/n
grep -a b d/bin | od -c | head -1
grep b d/bin
grep -m2 99 d/n
grep -c 1 <d/n
grep -q x d/n || echo $?
grep x none || echo $?
grep -A1 -B1 -n '^100$' d/n
grep needle d 2>&1 || echo $?
seq 1 100000 | grep -q 5
echo needle >>d/n
grep needle d/n >>d/n 2>&1 || echo $?
