/* Opening: every flag on every kind of path, and what the new file is like. */
#include "guest.h"

static const struct {
    const char *name;
    int flags;
} ways[] = {
#define WAY(flags) {#flags, flags}
    WAY(O_RDONLY), WAY(O_WRONLY), WAY(O_RDWR), WAY(O_ACCMODE), WAY(O_RDONLY | O_CREAT),
    WAY(O_RDWR | O_CREAT | O_EXCL), WAY(O_RDONLY | O_EXCL), WAY(O_WRONLY | O_TRUNC),
    WAY(O_RDONLY | O_TRUNC), WAY(O_WRONLY | O_CREAT | O_TRUNC), WAY(O_RDWR | O_APPEND),
    WAY(O_RDONLY | O_NONBLOCK), WAY(O_RDWR | O_SYNC), WAY(O_RDWR | O_DSYNC),
    WAY(O_RDONLY | O_DIRECTORY), WAY(O_RDWR | O_DIRECTORY), WAY(O_RDONLY | O_NOFOLLOW),
    WAY(O_RDONLY | O_CLOEXEC), WAY(O_PATH), WAY(O_PATH | O_NOFOLLOW), WAY(O_PATH | O_DIRECTORY),
    WAY(O_RDONLY | O_NOATIME), WAY(O_RDONLY | O_ASYNC), WAY(O_RDWR | O_TMPFILE),
    WAY(O_RDONLY | O_TMPFILE), WAY(O_RDONLY | O_NOCTTY), WAY(O_CREAT | O_DIRECTORY),
    WAY(O_CREAT | O_NOFOLLOW | O_WRONLY), WAY(O_RDWR | 01000000000),
    WAY(O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_EXCL),
};

static const char *const paths[] = {
    "f", "./f", "d", "d/", "f/", "d/f", "d/../f", "none", "none/x", "f/x", "link", "link/",
    "dirlink", "dirlink/f", "dangling", "loop", "", ".", "..", "/", "//", "/etc/passwd",
    "/etc/shadow", "secret", "readonly", "hard", "/dev/null", "/dev/full", "/proc/self/stat",
    "/proc/self", "/proc/self/exe", "/proc/self/cwd/f", "/proc/self/root", "/proc/none",
    "/proc/self/fd/9999", "/dev/fd/9999", "/sys", "/dev/shm", "/tmp/../proc/self/stat", "d/up/f",
};

static void prepare(void) {
    close(file(O_RDONLY));
    /* From an earlier try. */
    unlink("none"), unlink("target"), unlink("d/f"), chmod("readonly", 0600), chmod("secret", 0600);
    close(open("d/f", O_CREAT | O_WRONLY, 0640));
    close(open("secret", O_CREAT | O_WRONLY | O_TRUNC, 0));
    close(open("readonly", O_CREAT | O_WRONLY | O_TRUNC, 0444));
    chmod("secret", 0), chmod("readonly", 0444);
}

static void every_way(void) {
    MUST(mkdir("d", 0755) == 0 && symlink("f", "link") == 0 && symlink("d", "dirlink") == 0);
    MUST(symlink("target", "dangling") == 0 && symlink("loop", "loop") == 0);
    MUST(symlink("..", "d/up") == 0);
    for (size_t p = 0; p < sizeof paths / sizeof *paths; p++)
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
            /* The system's own files are only looked at. */
            int writes = ways[w].flags & (O_CREAT | O_TRUNC | O_TMPFILE) & ~O_DIRECTORY;
            if (paths[p][0] == '/' && (writes || (ways[w].flags & O_ACCMODE) != O_RDONLY))
                continue;
            prepare();
            errno = 0;
            int fd = open(paths[p], ways[w].flags, 0666);
            printf("open %s %s: %s", paths[p], ways[w].name, result_fd(fd));
            struct stat st = {0};
            printf(" %s %d", (errno = 0, result(fd < 0 ? -1 : fcntl(fd, F_GETFL))),
                   fd < 0 ? -1 : fcntl(fd, F_GETFD));
            if (fd >= 0 && fstat(fd, &st) == 0)
                printf(" %o %d", st.st_mode,
                       S_ISREG(st.st_mode) && paths[p][0] != '/' ? (int) st.st_size : 0);
            printf(" |");
            static const char *const may_be_made[] = {"f", "none", "target", "d/f", NULL};
            for (const char *const *made = may_be_made; *made; made++)
                printf(" %s", stat(*made, &st) == 0 ? (st.st_size ? "full" : "empty") : "-");
            printf("\n");
            if (fd >= 0)
                close(fd);
        }
}

static void modes(void) {
    for (int mask = 0; mask <= 0777; mask += 0125)
        for (int mode = 0; mode <= 07777; mode += 01353) {
            struct stat st;
            umask(mask);
            unlink("m");
            int fd = open("m", O_CREAT | O_RDWR, mode);
            printf("%o %o: %s %o", mask, mode, result_fd(fd), fstat(fd, &st) == 0 ? st.st_mode : 0);
            printf(" %s", (errno = 0, result(write(fd, "x", 1))));
            close(fd);
            printf(" %s\n", (errno = 0, result_fd(fd = open("m", O_RDWR))));
            close(fd);
        }
    unlink("m");
    umask(022);
}

/* A path of `length` bytes that leads to "f". */
static char *path_of(size_t length) {
    static char path[8192];
    memset(path, '/', length);
    path[0] = '.', path[length - 1] = 'f', path[length] = 0;
    return path;
}

static void long_paths(void) {
    static const size_t lengths[] = {4, 4000, 4094, 4095, 4096, 4097, 5000, 8000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int fd = open(path_of(lengths[i]), O_RDONLY);
        printf("path of %zu: %s\n", lengths[i], result_fd(fd));
        close(fd);
    }
    for (int length = 254; length <= 257; length++) {
        char name[300] = {0};
        memset(name, 'n', length);
        int fd = open(name, O_CREAT | O_RDWR, 0600);
        printf("name of %d: %s\n", length, result_fd(fd));
        close(fd), unlink(name);
    }
}

static void by_number(void) {
    char path[64];
    int fd = file(O_RDWR), low = open("/dev/null", O_RDWR);
    int fds[] = {fd, dup2(fd, 1500), dup2(fd, 33), dup2(low, 1501), low, 1999};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        for (int way = 0; way < 4; way++) {
            static const char *const forms[] = {
                "/proc/self/fd/%d", "/dev/fd/%d", "/proc/thread-self/fd/%d", "/proc/%d/fd/%d",
            };
            if (way == 3)
                snprintf(path, sizeof path, forms[way], getpid(), fds[i]);
            else
                snprintf(path, sizeof path, forms[way], fds[i]);
            char text[64];
            int again = open(path, O_RDONLY);
            printf("number %zu, form %d: %s", i, way, result_fd(again));
            printf(" %s", (errno = 0, result(read(again, text, 5))));
            printf(" %s", (errno = 0, result(lseek(fd, 0, SEEK_CUR))));
            close(again);
            printf(" %s", (errno = 0, result_fd(again = open(path, O_WRONLY | O_APPEND))));
            close(again);
            printf(" %s", (errno = 0, result_fd(again = open(path, O_PATH))));
            close(again);
            printf(" %s", (errno = 0, result_fd(again = open(path, O_RDONLY | O_NOFOLLOW))));
            ssize_t length = readlink(path, text, sizeof text);
            printf(" %s %c\n", length < 0 ? strerrorname_np(errno) : "link",
                   length < 0 ? '-' : text[length - 1]);
        }
    close_range(33, 33, 0), close_range(1500, 1501, 0), close(fd), close(low);
}

/* No process waits at the other end. */
static void fifos(void) {
    static const int flags[] = {
        O_RDONLY | O_NONBLOCK, O_WRONLY | O_NONBLOCK, O_WRONLY | O_TRUNC | O_NONBLOCK, O_RDWR,
        O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_RDONLY | O_DIRECTORY, O_PATH,
    };
    MUST(mkfifo("p", 0644) == 0);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        int fd = open("p", flags[i], 0600);
        printf("fifo %o: %s", flags[i], result_fd(fd));
        printf(" %s\n", (errno = 0, result(fd < 0 ? -1 : fcntl(fd, F_GETFL))));
        close(fd);
    }
    unlink("p");
}

/* What these lead to is the guest's own. */
static void own(void) {
    static const char *const paths[] = {
        "/proc/self/stat", "/proc/thread-self/stat", "/proc/self/cwd/../stat",
        "/proc/self/task/../stat",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char text[64] = {0};
        int fd = open(paths[i], O_RDONLY);
        printf("%s: %s %d\n", paths[i], result(read(fd, text, 63)), atoi(text) == getpid());
        close(fd);
    }
}

void opening(void) {
    every_way();
    modes();
    close(file(O_RDONLY));
    long_paths();
    by_number();
    fifos();
    own();
}
