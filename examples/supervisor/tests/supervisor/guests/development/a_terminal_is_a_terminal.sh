script -qec 'test -t 0 && test -t 1 && tty > name; echo typed > f; cat f' log </dev/null |
    tr -d '\r'
grep -c pts name
tr -d '\r' <log | grep -c typed
