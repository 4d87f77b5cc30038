cat || echo $?
echo out || echo $?
echo err >&2 || echo $?
exec 3>f
cat <&0 >&3
exit 4
