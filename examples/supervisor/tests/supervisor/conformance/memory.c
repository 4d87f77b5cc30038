/* Bad, partial, huge and constant memory. */
#include "guest.h"

static void offsets(int fd) {
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(lseek(fd, 0, SEEK_SET));
}

static void buffers(int fd) {
    struct timeval now = {0, 0};
    void *bad[] = {
        NULL, UNMAPPED, KERNEL, (void *) -1L, (void *) 0x7ffffffff000, constant, half + 4096,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        printf("bad buffer %zu\n", i);
        SHOW(CALL(read, fd, bad[i], 5));
        SHOW(CALL(pread64, fd, bad[i], 5, 2L));
        SHOW(CALL(write, fd, bad[i], 5));
        SHOW(CALL(pwrite64, fd, bad[i], 5, 2L));
        SHOW(CALL(read, fd, bad[i], 0));
        SHOW(CALL(readv, fd, bad[i], 2));
        SHOW(CALL(writev, fd, bad[i], 2));
        SHOW(CALL(fstat, fd, bad[i]));
        SHOW(CALL(fstatfs, fd, bad[i]));
        SHOW(CALL(open, bad[i], O_RDONLY));
        SHOW(CALL(openat, AT_FDCWD, bad[i], O_RDONLY | O_CREAT, 0600));
        SHOW(CALL(creat, bad[i], 0600));
        SHOW_FD(CALL(openat2, AT_FDCWD, "f", bad[i], sizeof(struct open_how)));
        SHOW(CALL(execve, bad[i], NULL, NULL));
        SHOW(CALL(execveat, AT_FDCWD, bad[i], NULL, NULL, 0));
        SHOW(CALL(readlink, bad[i], half, 9));
        SHOW(CALL(readlinkat, AT_FDCWD, bad[i], half, 9));
        SHOW(CALL(statx, fd, bad[i], 0, 0, half));
        SHOW(CALL(newfstatat, fd, bad[i], half, 0));
        SHOW(CALL(fcntl, fd, F_SETLK, bad[i]));
        SHOW(CALL(getrlimit, RLIMIT_NOFILE, bad[i]));
        /* All zeroes would be limits. */
        if (bad[i] != constant) {
            SHOW(CALL(setrlimit, RLIMIT_NOFILE, bad[i]));
            SHOW(CALL(setrlimit, RLIMIT_FSIZE, bad[i]));
            SHOW(CALL(prlimit64, 0, RLIMIT_NOFILE, bad[i], NULL));
        }
        SHOW(CALL(poll, bad[i], 2, 0));
        SHOW(CALL(select, 70, bad[i], NULL, NULL, &now));
        SHOW(CALL(sendfile, fd, fd, bad[i], 5));
        SHOW(CALL(copy_file_range, fd, bad[i], fd, NULL, 5, 0));
        SHOW(CALL(sendmsg, fd, bad[i], 0));
        offsets(fd);
    }
}

/* What fits is transferred, the rest is not, and the offset says so. */
static void partial(int fd) {
    struct iovec vector[3] = {{half + 4090, 4}, {half + 4094, 100}, {half, 5}};
    for (int fits = 0; fits <= 40; fits += 8) {
        memset(half, 'h', 4096);
        SHOW(CALL(read, fd, half + 4096 - fits, 30));
        offsets(fd);
        SHOW(CALL(pread64, fd, half + 4096 - fits, 30, 100L));
        SHOW(CALL(write, fd, half + 4096 - fits, 30));
        offsets(fd);
        SHOW(CALL(pwrite64, fd, half + 4096 - fits, 30, 100L));
        SHOW(lseek(fd, 0, SEEK_END));
        offsets(fd);
        printf("%.20s\n", half + 4070);
    }
    SHOW(CALL(readv, fd, vector, 3));
    offsets(fd);
    SHOW(CALL(writev, fd, vector, 3));
    offsets(fd);
    vector[0].iov_base = NULL;
    SHOW(CALL(readv, fd, vector, 3));
    vector[0].iov_len = 0;
    SHOW(CALL(readv, fd, vector, 3));
    offsets(fd);
    vector[0].iov_len = -1;
    SHOW(CALL(readv, fd, vector, 3));
    vector[0].iov_len = SSIZE_MAX;
    SHOW(CALL(writev, fd, vector, 3));
    struct iovec *last = (struct iovec *) (half + 4096) - 1;
    *last = (struct iovec) {half, 3};
    SHOW(CALL(readv, fd, last, 1));
    SHOW(CALL(readv, fd, last, 2));
    offsets(fd);
    strcpy(half + 4094, "f");
    SHOW_FD(CALL(open, half + 4094, O_RDONLY));
    half[4095] = 'f';
    SHOW(CALL(open, half + 4094, O_RDONLY));
    SHOW(CALL(fstat, fd, half + 4090));
    SHOW(CALL(getdents64, open(".", O_RDONLY), half + 4090, 400));
}

static void counts(int fd) {
    static struct iovec many[1026];
    static char byte[1026];
    for (int i = 0; i < 1026; i++)
        many[i] = (struct iovec) {byte + i, 1};
    for (long count = 1022; count <= 1026; count++) {
        SHOW(CALL(readv, fd, many, count));
        offsets(fd);
        SHOW(CALL(writev, fd, many, count));
        offsets(fd);
    }
    long odd[] = {-1, INT_MIN, INT_MAX, 1L << 32, (1L << 32) | 2, LONG_MIN};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        printf("count %ld\n", odd[i]);
        SHOW(CALL(readv, fd, many, odd[i]));
        SHOW(CALL(pwritev, fd, many, odd[i], 0L, 0L));
        SHOW(CALL(read, fd, half, odd[i]));
        SHOW(CALL(pread64, fd, half, 5, odd[i]));
        SHOW(CALL(pwrite64, fd, half, 5, odd[i]));
        SHOW(CALL(lseek, fd, odd[i], SEEK_SET));
        SHOW(CALL(lseek, fd, odd[i], SEEK_CUR));
        SHOW(CALL(lseek, fd, 0L, odd[i]));
        SHOW(CALL(preadv, fd, many, 2, odd[i], 0L));
        SHOW(CALL(fallocate, fd, 0, odd[i], 5L));
        offsets(fd);
    }
}

static void large(int fd) {
    size_t size = 3 << 20;
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(bytes != MAP_FAILED);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char) (i * 7 + i / 4096);
    for (size_t length = 4095; length <= size; length = length * 4 + 3) {
        offsets(fd);
        SHOW(CALL(write, fd, bytes, length));
        offsets(fd);
        SHOW(CALL(read, fd, bytes, length));
        SHOW(CALL(pwrite64, fd, bytes, length, 77L));
        SHOW(CALL(pread64, fd, bytes, length, 77L));
        unsigned sum = 0;
        for (size_t i = 0; i < size; i++)
            sum = sum * 31 + bytes[i];
        printf("sum %u\n", sum);
    }
    munmap(bytes, size);
}

void memory(void) {
    for (int mapped = 0; mapped < 2; mapped++) {
        int fd = file(O_RDWR);
        if (mapped)
            munmap(mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0), 1);
        buffers(fd);
        partial(fd);
        counts(fd);
        large(fd);
        close(fd);
    }
}
