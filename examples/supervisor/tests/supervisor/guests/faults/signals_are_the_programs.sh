trap 'echo term' TERM
trap '' HUP INT QUIT USR2
for signal in TERM HUP INT QUIT USR2; do kill -$signal 0; done
echo alive
