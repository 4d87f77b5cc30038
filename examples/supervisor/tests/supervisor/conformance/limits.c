/* RLIMIT_NOFILE and RLIMIT_FSIZE. The hard limit is only ever lowered: what it is at first depends
 * on the machine. */
#include "guest.h"

static void tell(void) {
    struct rlimit limit;
    SHOW(getrlimit(RLIMIT_NOFILE, &limit));
    printf("soft %lu\n", (unsigned long) limit.rlim_cur);
    SHOW(CALL(getrlimit, RLIMIT_NOFILE, &limit));
    SHOW(CALL(prlimit64, getpid(), RLIMIT_NOFILE, NULL, &limit));
    printf("soft %lu\n", (unsigned long) limit.rlim_cur);
}

static void set(rlim_t soft, rlim_t hard) {
    printf("limit %lu %lu: %s\n", (unsigned long) soft, (unsigned long) hard,
           result(setrlimit(RLIMIT_NOFILE, &(struct rlimit) {soft, hard})));
    tell();
}

static void exhaust(void) {
    static int opened[8192];
    int count = 0;
    for (int round = 0; round < 2; round++) {
        /* The numbers begin elsewhere, so only the end is alike. */
        while (count < 8192 && (opened[count] = open("f", O_RDONLY)) >= 0)
            count++;
        SHOW(open("f", O_RDONLY));
        SHOW(open("new", O_RDWR | O_CREAT, 0600));
        SHOW(access("new", F_OK));
        SHOW(fcntl(opened[0], F_DUPFD, 2900));
        SHOW(dup2(opened[0], opened[1]) == opened[1]);
        SHOW(close(opened[--count]));
        SHOW_FD(opened[count++] = open("f", O_RDONLY));
        while (count > 0)
            MUST(close(opened[--count]) == 0);
    }
    SHOW_FD(opened[0] = open("f", O_RDONLY));
    close(opened[0]);
}

static void sizes(void) {
    int fd = file(O_RDWR | O_TRUNC);
    signal(SIGXFSZ, SIG_IGN);
    SHOW(setrlimit(RLIMIT_FSIZE, &(struct rlimit) {1000, RLIM_INFINITY}));
    SHOW(pwrite(fd, "0123456789", 10, 995));
    SHOW(pwrite(fd, "0123456789", 10, 1000));
    SHOW(ftruncate(fd, 1000));
    SHOW(ftruncate(fd, 1001));
    SHOW(fallocate(fd, 0, 0, 2000));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(write(fd, "x", 1));
    SHOW(setrlimit(RLIMIT_FSIZE, &(struct rlimit) {RLIM_INFINITY, RLIM_INFINITY}));
    SHOW(write(fd, "x", 1));
    close(fd);
}

void limits(void) {
    close(file(O_RDONLY));
    sizes();
    tell();
    int fd = dup2(0, 3500);
    SHOW(fd);
    set(3000, 4000);
    SHOW(fcntl(3500, F_GETFD));
    SHOW(dup2(0, 2999));
    SHOW(dup2(0, 3000));
    SHOW(dup2(2999, 3500));
    SHOW(dup2(3500, 2998));
    SHOW(fcntl(0, F_DUPFD, 3000));
    SHOW(fcntl(0, F_DUPFD, 2999));
    SHOW(close(3500));
    close(2998), close(2999);
    exhaust();
    set(5000, 4000);
    set(100, 3500);
    SHOW(dup2(0, 100));
    SHOW(dup2(0, 99));
    SHOW(close(99));
    SHOW(fcntl(0, F_DUPFD, 100));
    set(3500, 3500);
    SHOW(dup2(0, 3499));
    SHOW(close(3499));
    exhaust();
}
