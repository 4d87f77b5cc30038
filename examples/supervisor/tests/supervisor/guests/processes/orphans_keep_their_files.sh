echo inherited >f
exec 1100<f
for i in $(seq 1 40); do ( (: <&1100 && echo ok >o$i || echo bad >o$i) &) done
for i in $(seq 1 40); do until [ -s o$i ]; do sleep 0.01; done; done
cat o*
cat <&1100
