echo a >f >g
cat f g
cat <f <g
echo x | tee t >(cat >u)
sleep 0.1
cat u
read l <f
echo $l
exec {fd}>h
echo n >&$fd
exec {fd}>&-
cat h
diff =(seq 3) <(seq 3) && echo same
ls
