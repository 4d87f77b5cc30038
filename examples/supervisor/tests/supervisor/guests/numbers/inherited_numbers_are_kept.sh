# The argument is the path of the supervisor.
echo kept >f
exec 1500<f
$1 bash -c '
    exec 1501<&1500
    cat <&1501
    exec 1500>&-
    { cat <&1500; } 2>/dev/null || echo closed
'
