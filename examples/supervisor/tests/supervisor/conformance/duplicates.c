/* dup, dup2, dup3, F_DUPFD, close and close_range: numbers, flags, and what is shared. */
#include "guest.h"

static void state(const char *what, const int *fds, int count) {
    printf("%s:", what);
    for (int i = 0; i < count; i++) {
        int flags = fcntl(fds[i], F_GETFD);
        printf(" %d=%s", fds[i], flags == -1 ? strerrorname_np(errno) : flags ? "cloexec" : "open");
    }
    printf("\n");
}

static const int numbers[] = {40, 41, 1022, 1024, 1025, 1500, 2047, 4000, 5000, 16384, 19999};
#define COUNT ((int) (sizeof numbers / sizeof *numbers))
#define STATE(what) state(what, numbers, COUNT)

static void everywhere(int fd) {
    for (int i = 0; i < COUNT; i++)
        SHOW(dup2(fd, numbers[i]));
    STATE("duplicated");
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j += 3)
            printf("%d onto %d: %s\n", numbers[i], numbers[j],
                   result(dup3(numbers[i], numbers[j], O_CLOEXEC)));
    STATE("and again");
    for (int i = 0; i < COUNT; i++) {
        SHOW(lseek(numbers[i], i, SEEK_SET));
        SHOW(lseek(numbers[COUNT - 1 - i], 0, SEEK_CUR));
    }
    SHOW(fcntl(1500, F_SETFL, O_APPEND));
    for (int i = 0; i < COUNT; i++)
        printf("%d: %s\n", numbers[i], result(fcntl(numbers[i], F_GETFL)));
    SHOW(fcntl(40, F_SETFL, 0));
    SHOW(fcntl(5000, F_GETFL));
    for (int i = 0; i < COUNT; i += 2)
        SHOW(close(numbers[i]));
    STATE("every other");
    for (int i = 0; i < COUNT; i += 2)
        SHOW(close(numbers[i]));
    for (int i = 0; i < COUNT; i++)
        close(numbers[i]);
}

static void ranges(int fd) {
    static const unsigned bounds[][3] = {
        {1024, 1500, 0}, {0, 2, 8}, {5, 4, 0}, {41, 41, 0}, {41, 4000, CLOSE_RANGE_CLOEXEC},
        {1022, 1022, 0}, {1024, 1024, CLOSE_RANGE_UNSHARE}, {19999, ~0U, 0},
        {4000, 5000, CLOSE_RANGE_UNSHARE}, {30, 1100, CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC},
        {30000, 1 << 30, 0}, {1 << 31, ~0U, 0},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        for (int j = 0; j < COUNT; j++)
            MUST(dup2(fd, numbers[j]) == numbers[j]);
        const unsigned *b = bounds[i];
        printf("close_range %u %u %u: %s\n", b[0], b[1], b[2],
               result(CALL(close_range, b[0], b[1], b[2])));
        STATE("left");
    }
    close_range(40, 60, 0);
    close_range(1000, 1999, 0);
}

static void lowest(int fd) {
    for (int min = 5000; min < 5040; min += 13) {
        SHOW(fcntl(fd, F_DUPFD, min));
        SHOW(fcntl(fd, F_DUPFD_CLOEXEC, min));
        SHOW(fcntl(fd, F_DUPFD, min));
        SHOW(close(min));
        SHOW(fcntl(min + 1, F_DUPFD, min - 3));
        SHOW(fcntl(min + 2, F_DUPFD, min - 3));
    }
    SHOW(close_range(4900, 5100, 0));
    SHOW_FD(fcntl(fd, F_DUPFD, 1021));
    SHOW(fcntl(fd, F_DUPFD, 1024));
    SHOW(fcntl(fd, F_DUPFD, 1024));
    SHOW(close_range(1021, 1030, 0));
    SHOW(fcntl(0, F_DUPFD, 1030));
    SHOW(fcntl(1030, F_DUPFD_CLOEXEC, 1030));
    SHOW(fcntl(1031, F_GETFD));
    SHOW(close_range(1021, 1040, 0));
}

static void replaced(int fd) {
    /* A file onto a pipe and back, with whatever the kernel knows of each. */
    int ends[2];
    char byte;
    MUST(pipe(ends) == 0);
    SHOW(dup2(ends[1], 1500));
    SHOW(dup2(ends[0], 1501));
    close(ends[0]), close(ends[1]);
    SHOW(write(1500, "ab", 2));
    SHOW(dup2(fd, 1500));
    SHOW(read(1501, &byte, 1));
    SHOW(read(1501, &byte, 1));
    SHOW(read(1501, &byte, 1));
    SHOW(lseek(1500, 3, SEEK_SET));
    SHOW(dup2(1501, 1500));
    SHOW(lseek(1500, 0, SEEK_CUR));
    SHOW(close(1501));
    SHOW(read(1500, &byte, 1));
    SHOW(dup3(fd, 1500, O_CLOEXEC));
    void *map = mmap(NULL, 4, PROT_READ, MAP_SHARED, 1500, 0);
    printf("mapped %.4s\n", (char *) map);
    int other = open("g", O_RDWR | O_CREAT | O_TRUNC, 0644);
    SHOW(write(other, "other", 5));
    SHOW(dup2(other, 1500));
    void *second = mmap(NULL, 4, PROT_READ, MAP_SHARED, 1500, 0);
    printf("mapped %.4s %.4s\n", (char *) map, (char *) second);
    SHOW(fcntl(1500, F_GETFD));
    SHOW(close(1500));
    SHOW(mmap(NULL, 4, PROT_READ, MAP_SHARED, 1500, 0) == MAP_FAILED);
    printf("%.4s %.4s\n", (char *) map, (char *) second);
    SHOW(close(1500));
    munmap(map, 4), munmap(second, 4), close(other);
}

static void negative(int fd) {
    const int bad[] = {-1, -2, INT_MIN, AT_FDCWD, 999999, INT_MAX, 1 << 30};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        printf("number %d\n", bad[i]);
        SHOW(dup(bad[i]));
        SHOW(dup2(fd, bad[i]));
        SHOW(dup2(bad[i], fd));
        SHOW(dup2(bad[i], 1500));
        SHOW(dup2(bad[i], bad[i]));
        SHOW(dup3(bad[i], 1500, 0));
        SHOW(dup3(bad[i], bad[i], 0));
        SHOW(fcntl(fd, F_DUPFD, bad[i]));
        SHOW(fcntl(bad[i], F_DUPFD, 3));
        SHOW(fcntl(bad[i], F_DUPFD, 3000));
        SHOW(close(bad[i]));
    }
    SHOW(dup3(fd, 1500, O_CLOEXEC | O_NONBLOCK));
    SHOW(dup3(fd, fd, 7));
}

void duplicates(void) {
    for (int low = 0; low < 2; low++) {
        int fd = file(O_RDWR);
        if (low) {
            MUST(dup2(fd, 30) == 30 && close(fd) == 0);
            fd = 30;
        }
        MUST(dup2(fd, 31) == 31);
        everywhere(31);
        ranges(31);
        lowest(fd = low ? fd : file(O_RDWR));
        replaced(fd);
        negative(fd);
        close(fd), close(31);
    }
}
