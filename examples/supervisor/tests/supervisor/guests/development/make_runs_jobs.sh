printf 'int main(void) { return 0; }\n' >p.c
printf 'all: 1 2 3 4\n\t@ls 1 2 3 4\n%%: p.c\n\t@gcc -o $@ p.c\n' >Makefile
make -j4 all
