"$@" &
program=$!
until [ -e ready ]; do sleep 0.01; done
kill -SIGNAL $program
wait $program
echo $?
