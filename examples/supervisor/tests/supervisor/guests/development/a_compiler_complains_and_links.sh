echo 'int main(void) { return x; }' >bad.c
gcc -c bad.c 2>&1 || echo $?
gcc -c none.c 2>&1 || echo $?
cat >d.c <<'X'
#include <dlfcn.h>
#include <stdio.h>
int main(void) {
    void *h = dlopen("./l.so", RTLD_NOW);
    int (*f)(void) = (int (*)(void)) dlsym(h, "f");
    printf("%d\n", f());
    return dlclose(h);
}
X
echo 'int f(void) { return 42; }' >l.c
gcc -shared -fPIC -o l.so l.c
gcc -o d d.c -ldl
./d
gcc -static -o s l.c -xc - <<<'int f(void); int main(void) { return f() != 42; }'
./s
gcc -E - <l.c | tail -1
gcc -S -o - l.c | grep -c '^f:'
gcc -pipe -c l.c
gcc -save-temps -c l.c
ls
echo 'int f(void) { return 43; }' >l.c
gcc -shared -fPIC -o l.so l.c
./d
gcc -flto -O2 -o t bad.c -Dx=3 || :
./t || echo $?
