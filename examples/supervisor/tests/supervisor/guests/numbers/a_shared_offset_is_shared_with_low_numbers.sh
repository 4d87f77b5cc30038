seq 1 5 >f
exec 3<f 1030<&3
read a <&3
read b <&1030
read c <&3
echo $a $b $c
exec 3<&-
cat <&1030
