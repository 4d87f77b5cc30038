/* Every call on every kind of descriptor. */
#include "guest.h"

/* A descriptor, made for one call; `other` is what else must be closed. */
struct kind {
    const char *name;
    long (*make)(void);
};

static int far(int fd, int to) {
    MUST(fd >= 0 && dup2(fd, to) == to && close(fd) == 0);
    return to;
}

static int mapped(int fd) {
    /* Under the supervisor, the kernel has to know the number for this. */
    void *map = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    MUST(map != MAP_FAILED && munmap(map, 1) == 0);
    return fd;
}

static int pipe_end(int end) {
    int ends[2];
    MUST(pipe2(ends, O_NONBLOCK) == 0 && write(ends[1], "piped", 5) == 5);
    far(ends[!end], 1510);
    return far(ends[end], 1501);
}

static int socket_end(void) {
    int ends[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    MUST(write(ends[1], "sent", 4) == 4);
    far(ends[1], 1510);
    return far(ends[0], 1502);
}

static long file_both(void) { return file(O_RDWR); }
static long file_read(void) { return file(O_RDONLY); }
static long file_write(void) { return file(O_WRONLY); }
static long file_append(void) { return file(O_RDWR | O_APPEND); }
static long file_garbage(void) { return (7L << 32) | file(O_RDWR); }
static long file_mapped(void) { return mapped(file(O_RDWR)); }
static long file_far(void) { return far(file(O_RDWR), 1500); }
static long file_farther(void) { return far(file(O_RDWR), 3333); }
static long file_far_mapped(void) { return mapped(far(file(O_RDWR), 1500)); }
static long file_low(void) { return far(file(O_RDWR), 40); }
static long path_only(void) { return file(O_PATH); }
static long dir(void) { return open(".", O_RDONLY | O_DIRECTORY); }
static long dir_far(void) { return far(dir(), 1500); }
static long dir_path(void) { return open(".", O_PATH); }
static long pipe_read(void) { return pipe_end(0); }
static long pipe_write(void) { return pipe_end(1); }
static long a_socket(void) { return socket_end(); }
static long fifo(void) {
    MUST(mkfifo("p", 0644) == 0);
    return far(open("p", O_RDWR | O_NONBLOCK), 1503);
}
static long an_epoll(void) { return far(epoll_create1(0), 1504); }
static long an_event(void) { return far(eventfd(7, EFD_NONBLOCK), 1505); }
static long a_timer(void) { return far(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), 1506); }
static long a_memory(void) { return far(memfd_create("m", MFD_ALLOW_SEALING), 1507); }
static long closed(void) { return 1999; }
static long closed_last(void) { return 1023; }
static long closed_far(void) { return 60000; }
static long largest(void) { return INT_MAX; }
static long minus_one(void) { return -1; }
static long minus_one_int(void) { return 0xffffffffL; }
static long here(void) { return AT_FDCWD; }

static const struct kind kinds[] = {
    {"file", file_both}, {"read only", file_read}, {"write only", file_write},
    {"append", file_append}, {"garbage above", file_garbage}, {"mapped", file_mapped},
    {"far", file_far}, {"farther", file_farther}, {"far mapped", file_far_mapped}, {"low", file_low},
    {"path", path_only}, {"dir", dir}, {"far dir", dir_far}, {"dir path", dir_path},
    {"pipe read", pipe_read}, {"pipe write", pipe_write}, {"socket", a_socket}, {"fifo", fifo},
    {"epoll", an_epoll}, {"event", an_event}, {"timer", a_timer}, {"memory", a_memory},
    {"closed", closed}, {"1023", closed_last}, {"60000", closed_far}, {"2^31-1", largest},
    {"-1", minus_one}, {"int -1", minus_one_int}, {"cwd", here},
};

static char buffer[4096];
static struct iovec vector[2] = {{buffer, 5}, {buffer + 5, 6}};
static struct flock whole = {.l_type = F_WRLCK};
static struct stat st;
static struct statx stx;
static struct statfs stfs;
static struct itimerspec timer;
static struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "none"};
static socklen_t length;
static loff_t offset;

/* name, expression of `fd`: what it gives. Those in FDS give a descriptor. */
#define CALLS \
    X(read, CALL(read, fd, buffer, 11)) \
    X(read_none, CALL(read, fd, buffer, 0)) \
    X(read_null, CALL(read, fd, NULL, 3)) \
    X(read_kernel, CALL(read, fd, KERNEL, 3)) \
    X(read_huge, CALL(read, fd, buffer, -1L)) \
    X(read_half, CALL(read, fd, half + 4090, 50)) \
    X(write, CALL(write, fd, "written", 7)) \
    X(write_none, CALL(write, fd, "", 0)) \
    X(write_null, CALL(write, fd, NULL, 3)) \
    X(write_half, CALL(write, fd, half + 4090, 50)) \
    X(write_huge, CALL(write, fd, UNMAPPED, -1L)) \
    X(pread, CALL(pread64, fd, buffer, 11, 115L)) \
    X(pread_negative, CALL(pread64, fd, buffer, 1, -1L)) \
    X(pread_null, CALL(pread64, fd, NULL, 4, 0L)) \
    X(pwrite, CALL(pwrite64, fd, "at", 2, 200L)) \
    X(pwrite_negative, CALL(pwrite64, fd, "at", 2, -5L)) \
    X(readv, CALL(readv, fd, vector, 2)) \
    X(readv_none, CALL(readv, fd, NULL, 0)) \
    X(readv_null, CALL(readv, fd, NULL, 1)) \
    X(readv_many, CALL(readv, fd, vector, 1025)) \
    X(readv_negative, CALL(readv, fd, vector, -1)) \
    X(writev, CALL(writev, fd, vector, 2)) \
    X(writev_null, CALL(writev, fd, UNMAPPED, 2)) \
    X(writev_many, CALL(writev, fd, vector, 1025)) \
    X(preadv, CALL(preadv, fd, vector, 2, 3L, 0L)) \
    X(pwritev, CALL(pwritev, fd, vector, 2, 3L, 0L)) \
    X(preadv_negative, CALL(preadv, fd, vector, 2, -1L, 0L)) \
    X(preadv2, CALL(preadv2, fd, vector, 2, -1L, -1L, 0)) \
    X(pwritev2, CALL(pwritev2, fd, vector, 2, 1L, 0L, RWF_APPEND)) \
    X(preadv2_flags, CALL(preadv2, fd, vector, 2, 0L, 0L, 0x4000)) \
    X(seek_set, CALL(lseek, fd, 50L, SEEK_SET)) \
    X(seek_end, CALL(lseek, fd, -1L, SEEK_END)) \
    X(seek_before, CALL(lseek, fd, -9L, SEEK_SET)) \
    X(seek_hole, CALL(lseek, fd, 0L, SEEK_HOLE)) \
    X(seek_data, CALL(lseek, fd, 500L, SEEK_DATA)) \
    X(seek_bad, CALL(lseek, fd, 0L, 99)) \
    X(fstat, CALL(fstat, fd, &st)) \
    X(fstat_null, CALL(fstat, fd, NULL)) \
    X(fstat_constant, CALL(fstat, fd, constant)) \
    X(fstatat_empty, CALL(newfstatat, fd, "", &st, AT_EMPTY_PATH)) \
    X(fstatat_null, CALL(newfstatat, fd, NULL, &st, AT_EMPTY_PATH)) \
    X(fstatat, CALL(newfstatat, fd, "f", &st, 0)) \
    X(fstatat_flags, CALL(newfstatat, fd, "", &st, 0x4000000)) \
    X(fstatat_bare, CALL(newfstatat, fd, "", &st, 0)) \
    X(fstatat_absolute, CALL(newfstatat, fd, "/", &st, 0)) \
    X(statx, CALL(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &stx)) \
    X(statx_at, CALL(statx, fd, "f", 0, STATX_SIZE, &stx)) \
    X(statx_mask, CALL(statx, fd, "", AT_EMPTY_PATH, 1U << 31, &stx)) \
    X(statx_flags, CALL(statx, fd, "", AT_EMPTY_PATH | AT_STATX_SYNC_TYPE, STATX_SIZE, &stx)) \
    X(statx_null, CALL(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, NULL)) \
    X(fstatfs, CALL(fstatfs, fd, &stfs)) \
    X(fstatfs_null, CALL(fstatfs, fd, NULL)) \
    X(getdents, CALL(getdents64, fd, buffer, 4096) > 0 ? 1 : -1) \
    X(getdents_small, CALL(getdents64, fd, buffer, 8)) \
    X(getdents_null, CALL(getdents64, fd, NULL, 4096)) \
    X(getdents_old, CALL(getdents, fd, buffer, 4096) > 0 ? 1 : -1) \
    X(ftruncate, CALL(ftruncate, fd, 33L)) \
    X(ftruncate_more, CALL(ftruncate, fd, 5000L)) \
    X(ftruncate_negative, CALL(ftruncate, fd, -1L)) \
    X(fallocate, CALL(fallocate, fd, 0, 0L, 300L)) \
    X(fallocate_mode, CALL(fallocate, fd, 0x40000000, 0L, 3L)) \
    X(fallocate_zero, CALL(fallocate, fd, 0, 0L, 0L)) \
    X(fadvise, CALL(fadvise64, fd, 0L, 0L, POSIX_FADV_RANDOM)) \
    X(fadvise_bad, CALL(fadvise64, fd, 0L, 0L, 77)) \
    X(readahead, CALL(readahead, fd, 0L, 100L)) \
    X(fsync, CALL(fsync, fd)) \
    X(fdatasync, CALL(fdatasync, fd)) \
    X(sync_file_range, CALL(sync_file_range, fd, 0L, 0L, 0)) \
    X(sync_file_range_bad, CALL(sync_file_range, fd, 0L, 0L, 99)) \
    X(fchmod, CALL(fchmod, fd, 0700)) \
    X(fchown, CALL(fchown, fd, -1, -1)) \
    X(fchdir, (CALL(fchdir, fd) == 0 && chdir(base) == 0) ? 0 : -1) \
    X(flock, CALL(flock, fd, LOCK_EX | LOCK_NB)) \
    X(flock_bad, CALL(flock, fd, 99)) \
    X(unlock, CALL(flock, fd, LOCK_UN)) \
    X(getfd, CALL(fcntl, fd, F_GETFD)) \
    X(setfd, CALL(fcntl, fd, F_SETFD, FD_CLOEXEC)) \
    X(getfl, CALL(fcntl, fd, F_GETFL)) \
    X(setfl, CALL(fcntl, fd, F_SETFL, O_APPEND | O_NONBLOCK)) \
    X(setfl_direct, CALL(fcntl, fd, F_SETFL, O_NOATIME)) \
    X(setlk, CALL(fcntl, fd, F_SETLK, &whole)) \
    X(getlk_null, CALL(fcntl, fd, F_GETLK, NULL)) \
    X(setlk_ofd, CALL(fcntl, fd, F_OFD_SETLK, &whole)) \
    X(getown, CALL(fcntl, fd, F_GETOWN)) \
    X(setown, CALL(fcntl, fd, F_SETOWN, 0)) \
    X(getsig, CALL(fcntl, fd, F_GETSIG)) \
    X(pipe_size, CALL(fcntl, fd, F_GETPIPE_SZ)) \
    X(seals, CALL(fcntl, fd, F_GET_SEALS)) \
    X(add_seals, CALL(fcntl, fd, F_ADD_SEALS, F_SEAL_GROW)) \
    X(lease, CALL(fcntl, fd, F_GETLEASE)) \
    X(notify, CALL(fcntl, fd, F_NOTIFY, 0)) \
    X(is_source, CALL(fcntl, fd, 1027, source)) \
    X(is_itself, CALL(fcntl, fd, 1027, fd)) \
    X(is_input, CALL(fcntl, 0, 1027, fd)) \
    X(fcntl_bad, CALL(fcntl, fd, 4242)) \
    X(dupfd_at, CALL(fcntl, fd, F_DUPFD, 3000)) \
    X(dupfd_negative, CALL(fcntl, fd, F_DUPFD, -1)) \
    X(dupfd_large, CALL(fcntl, fd, F_DUPFD, INT_MAX)) \
    X(dupfd_cloexec, CALL(fcntl, fd, F_DUPFD_CLOEXEC, 3000)) \
    X(dup2_far, CALL(dup2, fd, 3001)) \
    X(dup2_low, CALL(dup2, fd, 41)) \
    X(dup2_negative, CALL(dup2, fd, -1)) \
    X(dup2_large, CALL(dup2, fd, INT_MAX)) \
    X(dup3_far, CALL(dup3, fd, 3002, O_CLOEXEC)) \
    X(dup3_flags, CALL(dup3, fd, 3002, 1)) \
    X(dup2_same, CALL(dup2, fd, fd) >= 0 ? 0 : -1) \
    X(dup3_same, CALL(dup3, fd, fd, 0)) \
    X(dup2_onto, CALL(dup2, 1, fd) >= 0 ? (dup2(1511, 1), 0) : -1) \
    X(cloexec, CALL(ioctl, fd, FIOCLEX)) \
    X(no_cloexec, CALL(ioctl, fd, FIONCLEX)) \
    X(to_read, CALL(ioctl, fd, FIONREAD, &offset)) \
    X(terminal, CALL(ioctl, fd, TCGETS, buffer)) \
    X(ioctl_bad, CALL(ioctl, fd, 0x12345, 0)) \
    X(nonblocking, CALL(ioctl, fd, FIONBIO, &one)) \
    X(asynchronous, CALL(ioctl, fd, FIOASYNC, &length)) \
    X(map, unmap(CALL(mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0L))) \
    X(map_shared, unmap(CALL(mmap, NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0L))) \
    X(map_none, unmap(CALL(mmap, NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0L))) \
    X(map_odd, unmap(CALL(mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 5L))) \
    X(getxattr, CALL(fgetxattr, fd, "user.none", buffer, 9)) \
    X(setxattr, CALL(fsetxattr, fd, "bad", buffer, 1, 0)) \
    X(listxattr, CALL(flistxattr, fd, buffer, 0)) \
    X(removexattr, CALL(fremovexattr, fd, "user.none")) \
    X(access, CALL(faccessat, fd, "f", R_OK)) \
    X(access2, CALL(faccessat2, fd, "", R_OK, AT_EMPTY_PATH)) \
    X(mkdirat, CALL(mkdirat, fd, "n", 0755)) \
    X(mknodat, CALL(mknodat, fd, "n", S_IFIFO | 0644, 0)) \
    X(symlinkat, CALL(symlinkat, "f", fd, "n")) \
    X(unlinkat, CALL(unlinkat, fd, "f", 0)) \
    X(unlinkat_dir, CALL(unlinkat, fd, "f", AT_REMOVEDIR)) \
    X(fchmodat, CALL(fchmodat, fd, "f", 0600)) \
    X(fchmodat2, CALL(fchmodat2, fd, "", 0700, AT_EMPTY_PATH)) \
    X(fchownat, CALL(fchownat, fd, "", -1, -1, AT_EMPTY_PATH)) \
    X(utimensat, CALL(utimensat, fd, NULL, NULL, 0)) \
    X(utimensat_at, CALL(utimensat, fd, "f", NULL, 0)) \
    X(futimesat, CALL(futimesat, fd, "f", NULL)) \
    X(readlinkat, CALL(readlinkat, fd, "f", buffer, 9)) \
    X(readlinkat_empty, CALL(readlinkat, fd, "", buffer, 9)) \
    X(renameat, CALL(renameat, fd, "f", fd, "n")) \
    X(renameat2, CALL(renameat2, fd, "f", AT_FDCWD, "n", RENAME_NOREPLACE)) \
    X(linkat, CALL(linkat, fd, "f", fd, "n", 0)) \
    X(linkat_empty, CALL(linkat, fd, "", AT_FDCWD, "n", 0)) \
    X(handle, CALL(name_to_handle_at, fd, "", NULL, NULL, AT_EMPTY_PATH)) \
    X(open_by_handle, CALL(open_by_handle_at, fd, NULL, 0)) \
    X(inotify, CALL(inotify_add_watch, fd, ".", 1)) \
    X(no_inotify, CALL(inotify_rm_watch, fd, 1)) \
    X(vmsplice, CALL(vmsplice, fd, vector, 1, SPLICE_F_NONBLOCK)) \
    X(epoll_wait, CALL(epoll_wait, fd, buffer, 1, 0)) \
    X(epoll_pwait, CALL(epoll_pwait, fd, buffer, 1, 0, NULL, 8)) \
    X(epoll_add, CALL(epoll_ctl, fd, EPOLL_CTL_ADD, 0, buffer)) \
    X(timer_set, CALL(timerfd_settime, fd, 0, &timer, NULL)) \
    X(timer_get, CALL(timerfd_gettime, fd, &timer)) \
    X(accept, CALL(accept, fd, NULL, NULL)) \
    X(accept4, CALL(accept4, fd, NULL, NULL, 0)) \
    X(connect, CALL(connect, fd, &address, sizeof address)) \
    X(bind, CALL(bind, fd, &address, 1)) \
    X(listen, CALL(listen, fd, 5)) \
    X(getsockopt, (length = 4, CALL(getsockopt, fd, SOL_SOCKET, SO_TYPE, buffer, &length))) \
    X(setsockopt, CALL(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, 4)) \
    X(getsockname, (length = 100, CALL(getsockname, fd, buffer, &length))) \
    X(getpeername, (length = 100, CALL(getpeername, fd, buffer, &length))) \
    X(shutdown, CALL(shutdown, fd, SHUT_WR)) \
    X(sendto, CALL(sendto, fd, "x", 1, 0, NULL, 0)) \
    X(recvfrom, CALL(recvfrom, fd, buffer, 9, 0, NULL, NULL)) \
    X(sendmsg_null, CALL(sendmsg, fd, NULL, 0)) \
    X(recvmsg_null, CALL(recvmsg, fd, NULL, 0)) \
    X(sendmmsg, CALL(sendmmsg, fd, NULL, 1, 0)) \
    X(recvmmsg, CALL(recvmmsg, fd, NULL, 1, 0, NULL)) \
    X(send_from, CALL(sendfile, 1512, fd, NULL, 5)) \
    X(send_to, CALL(sendfile, fd, source, NULL, 5)) \
    X(send_at, (offset = 3, CALL(sendfile, 1512, fd, &offset, 5))) \
    X(tee_from, CALL(tee, fd, 1512, 5, SPLICE_F_NONBLOCK)) \
    X(tee_to, CALL(tee, 1513, fd, 5, SPLICE_F_NONBLOCK)) \
    X(splice_from, CALL(splice, fd, NULL, 1512, NULL, 5, SPLICE_F_NONBLOCK)) \
    X(splice_to, CALL(splice, 1513, NULL, fd, NULL, 5, SPLICE_F_NONBLOCK)) \
    X(copy_from, CALL(copy_file_range, fd, NULL, sink, NULL, 5, 0)) \
    X(copy_to, CALL(copy_file_range, source, NULL, fd, NULL, 5, 0)) \
    X(copy_flags, CALL(copy_file_range, source, NULL, fd, NULL, 5, 1)) \
    X(pidfd_signal, CALL(pidfd_send_signal, fd, 0, NULL, 0)) \
    X(pidfd_getfd, CALL(pidfd_getfd, fd, 0, 0)) \
    X(execveat, CALL(execveat, fd, "", NULL, NULL, AT_EMPTY_PATH)) \
    X(execveat_at, CALL(execveat, fd, "none", NULL, NULL, 0)) \
    X(close, CALL(close, fd)) \
    X(clone_from, CALL(ioctl, sink, FICLONE, fd)) \
    X(clone_to, CALL(ioctl, fd, FICLONE, source)) \
    X(clone_range, CALL(ioctl, sink, FICLONERANGE, &(struct file_clone_range) {.src_fd = fd})) \
    X(clone_null, CALL(ioctl, fd, FICLONERANGE, NULL)) \
    X(dedupe, dedupe(fd, sink)) \
    X(dedupe_to, dedupe(source, fd)) \
    X(dedupe_null, CALL(ioctl, fd, FIDEDUPERANGE, NULL)) \
    X(cachestat, CALL(cachestat, fd, (uint64_t[2]) {0, 0}, buffer, 0)) \
    X(getxattrat, CALL(getxattrat, fd, "", AT_EMPTY_PATH, "user.none", (uint64_t[2]) {0, 0}, 16)) \
    X(listxattrat, CALL(listxattrat, fd, "", AT_EMPTY_PATH, NULL, 0)) \
    X(getattr, CALL(file_getattr, fd, "", buffer, 24, AT_EMPTY_PATH)) \
    X(fspick, CALL(fspick, fd, "none", 0)) \
    X(setattr, CALL(mount_setattr, fd, "", AT_EMPTY_PATH, NULL, 0)) \
    X(quota, CALL(quotactl_fd, fd, 0xffffff, 0, NULL)) \
    X(move, CALL(move_mount, fd, "", fd, "", 0xffff)) \
    X(fanotify, CALL(fanotify_mark, 0, 0, 0L, fd, NULL))

#define FDS \
    X(open_tree, CALL(open_tree, fd, "", AT_EMPTY_PATH)) \
    X(signalfd, CALL(signalfd4, fd, buffer, 8, 0)) \
    X(dup, CALL(dup, fd)) \
    X(dupfd, CALL(fcntl, fd, F_DUPFD, 0)) \
    X(openat, CALL(openat, fd, "f", O_RDONLY)) \
    X(openat_new, CALL(openat, fd, "n", O_CREAT | O_WRONLY, 0644)) \
    X(openat_exclusive, CALL(openat, fd, "f", O_CREAT | O_EXCL | O_WRONLY, 0644)) \
    X(openat_empty, CALL(openat, fd, "", O_RDONLY)) \
    X(openat_null, CALL(openat, fd, NULL, O_RDONLY)) \
    X(openat_absolute, CALL(openat, fd, "/", O_RDONLY)) \
    X(openat_missing, CALL(openat, fd, "none", O_RDONLY)) \
    X(openat_up, CALL(openat, fd, "..", O_RDONLY)) \
    X(openat_temporary, CALL(openat, fd, ".", O_TMPFILE | O_RDWR, 0600)) \
    X(openat2, CALL(openat2, fd, "f", &how, sizeof how)) \
    X(openat2_small, CALL(openat2, fd, "f", &how, 3)) \
    X(openat2_null, CALL(openat2, fd, "f", NULL, sizeof how)) \
    X(openat2_beneath, CALL(openat2, fd, "f", &beneath, sizeof beneath)) \
    X(openat2_bad, CALL(openat2, fd, "f", &bad, sizeof bad))

static char base[PATH_MAX];
static int one = 1, source, sink;
static struct open_how how = {.flags = O_RDONLY}, bad = {.flags = 1UL << 40};
static struct open_how beneath = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};

static long unmap(long map) {
    if (map == -1)
        return -1;
    munmap((void *) map, 4096);
    return 0;
}

/* The answer is in memory. */
static long dedupe(int from, int to) {
    struct {
        struct file_dedupe_range range;
        struct file_dedupe_range_info to;
    } dedupe = {{.src_length = 5, .dest_count = 1}, {.dest_fd = to}};
    long done = CALL(ioctl, from, FIDEDUPERANGE, &dedupe);
    return done ? done : dedupe.to.status;
}

#define X(name, call) static long name##_(long fd) { return call; }
CALLS FDS
#undef X

static const struct call {
    const char *name;
    long (*make)(long fd);
    bool gives_fd;
} calls[] = {
#define X(name, call) {#name, name##_, true},
    FDS
#undef X
#define X(name, call) {#name, name##_, false},
    CALLS
#undef X
};

/* What can be seen afterwards: the offset, the flags, the file. */
static void aftermath(int fd) {
    struct stat now = {0};
    printf(" | %s", (errno = 0, result(lseek(fd, 0, SEEK_CUR))));
    printf(" %s", (errno = 0, result(fcntl(fd, F_GETFD))));
    printf(" %s", (errno = 0, result(fcntl(fd, F_GETFL))));
    int failed = fstat(fd, &now);
    bool sized = !failed && S_ISREG(now.st_mode);
    printf(" %s %o %ld", (errno = 0, result(failed)), now.st_mode, sized ? (long) now.st_size : 0L);
    printf(" %d", stat("f", &now) == 0 ? (int) now.st_size : -1);
}

/* The kernel has one inode for all of these in all processes: others may have it locked. */
static bool is_everyones(const struct call *call, const struct kind *kind) {
    bool locks = strstr(call->name, "lock") || strstr(call->name, "setlk");
    return locks && (kind->make == an_epoll || kind->make == an_event || kind->make == a_timer);
}

static void try(const struct call *call, const struct kind *kind) {
    int ends[2];
    /* 1023 is the supervisor's: nobody can have it, and it is looked at first. */
    bool looks_late = call->make == dup2_onto_ || call->make == setattr_ || call->make == move_ ||
                      call->make == fanotify_ || call->make == fspick_;
    if ((kind->make == closed_last && looks_late) || is_everyones(call, kind))
        return;
    MUST(pipe2(ends, O_NONBLOCK) == 0 && write(ends[1], "piped", 5) == 5);
    far(ends[1], 1512), far(ends[0], 1513);
    MUST(lseek(source, 0, SEEK_SET) == 0 && lseek(sink, 0, SEEK_SET) == 0);
    memset(buffer, 0, sizeof buffer);
    memset(half, 'h', 4096);
    long fd = kind->make();
    MUST(fd >= 0 || kind->make == here || kind->make == minus_one);
    errno = 0;
    long value = call->make(fd);
    printf("%s(%s): %s", call->name, kind->name, call->gives_fd ? result_fd(value) : result(value));
    aftermath((int) fd);
    unsigned sum = 0;
    if (strncmp(call->name, "read", 4) == 0 || strncmp(call->name, "pread", 5) == 0)
        for (int i = 0; i < 64; i++)
            sum = sum * 31 + buffer[i] + half[4032 + i];
    printf(" %u\n", sum);
    if (call->gives_fd && value >= 3)
        MUST(close((int) value) == 0);
    /* Whether it is open or not. */
    for (int i = 1500; i <= 1513; i++)
        if (i != 1511)
            close(i);
    for (int i = 3000; i <= 3002; i++)
        close(i);
    close(40), close(41), close(3333);
    if (kind->make != minus_one && kind->make != here)
        close((int) fd);
    unlink("n"), rmdir("n"), unlink("p"), chmod(base, 0777);
}

void matrix(void) {
    MUST(getcwd(base, sizeof base) != NULL && dup2(1, 1511) == 1511);
    source = open("source", O_RDWR | O_CREAT, 0644), sink = open("sink", O_RDWR | O_CREAT, 0644);
    MUST(write(source, "0123456789", 10) == 10);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++)
            try(calls + i, kinds + j);
    close(source), close(sink), close(1511);
}
