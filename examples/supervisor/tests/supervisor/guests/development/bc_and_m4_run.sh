echo '2^64' >e
bc -q e </dev/null
echo 'define(a, b)a' >m
m4 m
echo 'scale=5; 1/3' | bc
m4 -D x=y <<<'x include(m)'
