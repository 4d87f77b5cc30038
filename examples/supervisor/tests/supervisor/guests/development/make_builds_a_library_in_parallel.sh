for i in $(seq 1 12); do echo "int f$i(void) { return $i; }" >f$i.c; done
{
    for i in $(seq 1 12); do echo "int f$i(void);"; done
    echo '#include <stdio.h>'
    echo 'int main(void) { printf("%d\n", f1() + f12()); return 0; }'
} >main.c
cat >Makefile <<'X'
O = $(patsubst %.c,%.o,$(wildcard f*.c))
main: main.o lib.a
	@gcc -o $@ $^
lib.a: $(O)
	@ar rcs $@ $(sort $(O))
%.o: %.c
	@gcc -O1 -MMD -c -o $@ $<
clean:
	@rm -f *.o *.d
-include *.d
X
make -j4 main
./main
ar t lib.a
make -j4 main
touch f3.c
make -j4 -n main
make -j4 main
make -s clean
ls
make none 2>&1 || echo $?
printf 'a b c d:\n\t@$(MAKE) --no-print-directory -f sub $@.x\nall: a b c d\n' >m
printf '%%.x:\n\t@echo $@ > $@\n' >sub
make -j3 -s -f m all
cat *.x
nm lib.a | grep -c ' T '
strip main
./main
