: >log
(for i in 1 2 3 4; do
    echo $i
    sleep 0.05
done >>log) &
tail -n +1 -f --pid=$! log
wait
exec 5>>log
echo five >&5
mv log old
echo six >&5
exec 5>>log
echo seven >&5
tail -n 2 old
cat log
: >old
echo eight >>old
cat old
timeout 0.2 tail -f log || echo $?
