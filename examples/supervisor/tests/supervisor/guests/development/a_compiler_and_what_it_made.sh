cat >p.c <<'X'
#include <stdio.h>
int main(void) { FILE *f = fopen("o", "w"); fprintf(f, "x"); fclose(f); puts("made"); return 0; }
X
gcc -O1 -o p p.c
./p
cat o
gcc -c p.c
ar rc l.a p.o
ar t l.a
