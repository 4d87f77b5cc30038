echo printed
(
    until test -e go; do sleep 0.1; done
    exec 1025>out
    echo still served >&1025
) >/dev/null 2>&1 </dev/null &
exit 7
