for i in 1 2 3 4 5 6 7 8; do
    (
        sleep 0.0$i
        echo $i >j$i
        exit $i
    ) &
    p[i]=$!
done
for i in 1 2 3 4 5 6 7 8; do wait ${p[i]} || echo "$?"; done
cat j*
coproc c { while read x; do echo "got $x"; done; }
echo hello >&${c[1]}
read y <&${c[0]}
echo $y
eval "exec ${c[1]}>&-"
wait $c_PID
sleep 30 &
kill $!
wait $! || echo $?
trap 'echo trapped' USR1
kill -USR1 $$
echo after
