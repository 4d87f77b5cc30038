/* fork, vfork, threads' tables, exec: which process has which descriptor; and locks. */
#include <sched.h>

#include "guest.h"

#define STACK (64 << 10)

/* Runs `work` in a child, and prints what it returns. */
static void in_child(const char *what, int (*work)(int), int fd) {
    fflush(stdout);
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(work(fd));
    MUST(waitpid(pid, &status, 0) == pid);
    printf("%s: %d %d\n", what, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
           WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static int reads(int fd) {
    char bytes[6];
    return read(fd, bytes, 6) == 6 ? bytes[0] : errno;
}
static int closes(int fd) { return close(fd) == 0 ? 0 : errno; }
static int replaces(int fd) { return dup2(0, fd) == fd ? 0 : errno; }
static int sets_flag(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC) ? errno : 0; }
static int sets_mode(int fd) { return fcntl(fd, F_SETFL, O_APPEND) ? errno : 0; }
static int closes_all(int fd) {
    return close_range(3, ~0U, 0) == 0 && fcntl(fd, F_GETFD) == -1 ? errno : 0;
}
static int dies(int fd) { return close(fd) + raise(SIGTERM); }
static int unshares(int fd) { return unshare(CLONE_FILES) == 0 && close(fd) == 0 ? 0 : errno; }
static int locks(int fd) {
    struct flock lock = {.l_type = F_WRLCK};
    return fcntl(fd, F_SETLK, &lock) ? errno : 0;
}
static int flocks(int fd) { return flock(fd, LOCK_EX | LOCK_NB) ? errno : 0; }
static int flocks_anew(int fd) {
    return flock(open("f", O_RDWR), LOCK_EX | LOCK_NB) ? errno : fd * 0;
}

static void children(int fd) {
    in_child("read", reads, fd);
    SHOW(lseek(fd, 0, SEEK_CUR));
    in_child("close", closes, fd);
    in_child("replace", replaces, fd);
    in_child("set flag", sets_flag, fd);
    SHOW(fcntl(fd, F_GETFD));
    in_child("set mode", sets_mode, fd);
    SHOW(fcntl(fd, F_GETFL));
    in_child("close all", closes_all, fd);
    in_child("die", dies, fd);
    in_child("unshare", unshares, fd);
    in_child("lock", locks, fd);
    SHOW(locks(fd));
    in_child("lock", locks, fd);
    SHOW(close(open("f", O_RDONLY)));
    in_child("lock", locks, fd);
    in_child("flock", flocks, fd);
    SHOW(flock(fd, LOCK_EX | LOCK_NB));
    in_child("flock", flocks, fd);
    in_child("flock anew", flocks_anew, fd);
    SHOW(reads(fd));
}

static int with_shared_files(void *argument) {
    int fd = *(int *) argument;
    _exit(close(fd) == 0 && dup2(0, 1777) == 1777 ? 0 : errno);
}

/* A process that shares the table: what it does is done to us. */
static void shared(int flags, const char *what) {
    char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = dup2(file(O_RDWR), 1700), status = -1;
    fflush(stdout);
    pid_t pid = clone(with_shared_files, stack + STACK, flags | SIGCHLD, &fd);
    MUST(pid > 0 && waitpid(pid, &status, 0) == pid);
    printf("%s: %d %s", what, status, result(fcntl(1700, F_GETFD)));
    printf(" %s\n", (errno = 0, result(fcntl(1777, F_GETFD))));
    close(1700), close(1777);
    munmap(stack, STACK);
}

static int execs(int fd) {
    (void) fd;
    dup2(1, 1600);
    execl("/proc/self/exe", "conformance", "1", "40", "41", "1500", "1501", "1502", "1503", "1023",
          NULL);
    return errno;
}

static int execs_by_number(int fd) {
    static char *const none[] = {NULL};
    static char *const arguments[] = {
        "conformance", "1", "40", "41", "1500", "1501", "1502", "1503", NULL,
    };
    return CALL(execveat, fd, "", arguments, none, AT_EMPTY_PATH) ? errno : 0;
}

static int fails_to_exec(int fd) {
    static const char *const paths[] = {"/none", "/etc/passwd", "f", ".", ""};
    for (int i = 0; i < 5; i++)
        if (execl(paths[i], "x", NULL) != -1 || fcntl(1501, F_GETFD) != FD_CLOEXEC ||
            fcntl(41, F_GETFD) != FD_CLOEXEC)
            return 1;
    /* Numbers are as they were, that of the supervisor's too. */
    bool is_closed = fcntl(1023, F_GETFD) == -1 && read(1023, &fd, 1) == -1 && close(1023) == -1;
    return is_closed && fcntl(fd, F_GETFD) == 0 ? errno : 1;
}

static void executions(int fd) {
    MUST(dup2(fd, 1500) == 1500 && dup3(fd, 1501, O_CLOEXEC) == 1501);
    MUST(dup2(fd, 40) == 40 && dup3(fd, 41, O_CLOEXEC) == 41);
    MUST(dup2(0, 1502) == 1502 && dup3(0, 1503, O_CLOEXEC) == 1503);
    in_child("exec", execs, fd);
    in_child("fails", fails_to_exec, 1500);
    in_child("exec", execs, fd);
    int self = open("/proc/self/exe", O_RDONLY);
    in_child("exec by number", execs_by_number, self);
    MUST(dup3(self, 1504, O_CLOEXEC) == 1504 && dup2(self, 42) == 42);
    in_child("exec by far number", execs_by_number, 1504);
    in_child("exec by low number", execs_by_number, 42);
    in_child("exec a closed number", execs_by_number, 1999);
    in_child("exec a file", execs_by_number, fd);
    close(self), close_range(40, 42, 0), close_range(1500, 1504, 0);
}

void processes(void) {
    for (int high = 0; high < 2; high++) {
        int fd = file(O_RDWR);
        if (high)
            MUST(dup2(fd, 1600) == 1600 && close(fd) == 0), fd = 1600;
        children(fd);
        close(fd);
    }
    shared(CLONE_FILES, "shares files");
    shared(0, "copies files");
    shared(CLONE_FILES | CLONE_VM | CLONE_VFORK, "shares all");
    shared(CLONE_VM | CLONE_VFORK, "vfork");
    executions(file(O_RDWR));
}
