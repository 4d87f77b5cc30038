mkfifo p
cat p &
exec 1500>p
echo through >&1500
exec 1501>&1500 1500>&-
echo again >&1501
exec 1501>&-
wait
