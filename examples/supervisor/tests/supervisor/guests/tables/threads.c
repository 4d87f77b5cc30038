/* Threads with files of their own, by unshare and by clone: which thread has what open. Automatic
 * numbers are not printed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int f;
static volatile int step;
static char stack[65536];

static void show(const char *who, int fd)
{
    char c;
    printf("%s: %s\n", who, pread(fd, &c, 1, 0) == 1 ? "open" : strerror(errno));
    fflush(stdout);
}

static void *unsharing(void *arg)
{
    if (unshare(CLONE_FILES))
        perror("unshare");
    close(f);
    show("thread, closed", f);
    int g = open("g", O_RDWR | O_CREAT | O_TRUNC, 0600);
    write(g, "x", 1);
    dup2(g, 1700);
    flock(g, LOCK_EX);
    show("thread, 1700", 1700);
    pid_t child = fork();
    if (child == 0) {
        show("its child, 1700", 1700);
        show("its child, g", g);
        _exit(0);
    }
    waitpid(child, 0, 0);
    return arg;
}

/* Without the C library's idea of a thread: system calls only. */
static int bare(void *arg)
{
    char c;
    syscall(SYS_close, f);
    step = syscall(SYS_pread64, f, &c, 1, 0) < 0 ? 1 : 2;
    syscall(SYS_exit, 0);
    return 0;
}

static void *executing(void *number)
{
    unshare(CLONE_FILES);
    close(f);
    execlp("bash", "bash", "-c",
           "{ : <&$0; } 2>/dev/null && echo has f || echo has not f; "
           "{ : <&1900; } && echo has 1900",
           number, NULL);
    return 0;
}

int main(void)
{
    pthread_t thread;
    char number[12];
    f = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
    write(f, "abc", 3);
    /* First: later the process is known to have such threads. */
    clone(bare, stack + sizeof stack,
          CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, 0);
    while (!step)
        usleep(1000);
    printf("clone: %d\n", step);
    show("main, still", f);
    pthread_create(&thread, 0, unsharing, 0);
    pthread_join(thread, 0);
    show("main, f", f);
    show("main, 1700", 1700);
    int tries = 0, g = open("g", O_RDWR);
    while (flock(g, LOCK_EX | LOCK_NB) && tries++ < 1000)
        usleep(1000);
    printf("the lock of a thread that has ended: %s\n", tries < 1000 ? "free" : "held");
    fflush(stdout);
    dup2(f, 1900);
    sprintf(number, "%d", f);
    pthread_create(&thread, 0, executing, number);
    pthread_join(thread, 0);
}
