exec 1025>out 1026<>both 1027<&0
kill -USR1 RECEIVER
until grep -q 1027 err; do sleep 0.01; done
cat err
exit 5
