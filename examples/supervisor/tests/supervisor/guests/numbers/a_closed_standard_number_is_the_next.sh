bash -c 'cat f; echo out > f; cat f; exec 3<f; cat <&3' <&- 2>&- || echo $?
sh -c 'echo lost' >&- 2>/dev/null || echo $?
