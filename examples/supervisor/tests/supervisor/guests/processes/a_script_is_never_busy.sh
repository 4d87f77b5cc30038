for i in $(seq 1 60); do
    printf '#!/bin/sh\necho %s\n' $i >s.sh
    chmod +x s.sh
    ./s.sh
done
for i in $(seq 1 60); do
    (printf '#!/bin/sh\necho %s\n' $i >t.sh)
    chmod +x t.sh
    ./t.sh
done
