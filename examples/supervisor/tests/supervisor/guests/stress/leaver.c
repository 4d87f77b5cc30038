/* A process that ends while one of its threads makes its first call, and another has files of its
 * own. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

static int ready[2], go[2];

static void *unsharing(void *arg)
{
    char c;
    if (unshare(CLONE_FILES))
        perror("unshare");
    write(ready[1], "x", 1);
    read(go[0], &c, 1);
    return arg;
}

static void *calling(void *arg)
{
    char c;
    read(ready[0], &c, 1);
    close(5000);
    return arg;
}

int main(void)
{
    char c;
    pthread_t thread;
    if (pipe(ready) || pipe(go))
        return 1;
    pthread_create(&thread, 0, calling, 0);
    usleep(50000);
    pthread_create(&thread, 0, unsharing, 0);
    usleep(150000);
    puts("gone");
    fflush(stdout);
    _exit(0);
}
