/* Writes a byte many times from many threads while many signals arrive. The file must have as many
 * bytes as were written: none is written twice. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { THREADS = 4, WRITES = 6000 };

static volatile sig_atomic_t hits;
static int fd;
static long written, interrupted;

static void hit(int signal) { hits += signal > 0; }

static void *write_all(void *unused) {
    for (int i = 0; i < WRITES; i++) {
        long result = write(fd, "x", 1);
        if (result == 1)
            __atomic_add_fetch(&written, 1, __ATOMIC_RELAXED);
        else if (errno == EINTR)
            __atomic_add_fetch(&interrupted, 1, __ATOMIC_RELAXED);
        else
            abort();
    }
    return unused;
}

int main(int argc, char **argv) {
    int restarts = argc > 1 && !strcmp(argv[1], "restart");
    struct sigaction action = {.sa_handler = hit, .sa_flags = restarts ? SA_RESTART : 0};
    struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    fd = dup2(open("storm", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600), 1 << 21);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(threads + i, NULL, write_all, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    setitimer(ITIMER_REAL, &never, NULL);
    struct stat st;
    fstat(fd, &st);
    printf("%s: %ld duplicated, %ld lost, %s interrupted\n", hits > 50 ? "stormy" : "calm",
           (long) st.st_size - written, THREADS * WRITES - written - interrupted,
           action.sa_flags && interrupted ? "restarted calls" : "none wrongly");
    return 0;
}
