/* Prints what the system calls that name descriptors do. Natively and supervised, that must be the
 * same. */
#include "guest.h"

char *half, *constant;

const char *result(long value) {
    static char text[64];
    if (value == -1)
        snprintf(text, sizeof text, "%s", errno ? strerrorname_np(errno) : "-1");
    else
        snprintf(text, sizeof text, "%ld", value);
    return text;
}

const char *result_fd(long value) { return value >= 3 ? "a descriptor" : result(value); }

void must(bool holds, const char *what) {
    if (holds)
        return;
    printf("not so: %s (%s)\n", what, strerrorname_np(errno));
    exit(9);
}

int file(int flags) {
    static const char lines[] = "hello world\nhello world\nhello world\nhello world\nhello world\n"
                                "hello world\nhello world\nhello world\nhello world\nhello world\n";
    unlink("f");
    int fd = open("f", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    MUST(write(fd, lines, sizeof lines - 1) == 120 && close(fd) == 0);
    fd = open("f", flags);
    MUST(fd >= 0);
    return fd;
}

static void pages(void) {
    half = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(half != MAP_FAILED && munmap(half + 4096, 4096) == 0);
    constant = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(constant != MAP_FAILED);
}

int main(int argc, char **argv) {
    if (argc > 1) {
        /* Executed by a part of itself: which of these numbers are open? */
        for (int i = 1; i < argc; i++)
            printf(" %s", fcntl(atoi(argv[i]), F_GETFD) == -1 ? "closed" : "open");
        printf("\n");
        return 0;
    }
    /* In one piece at the end, and never by a child. */
    setvbuf(stdout, NULL, _IOFBF, 1 << 20);
    signal(SIGPIPE, SIG_IGN);
    umask(022);
    pages();
    matrix();
    memory();
    duplicates();
    opening();
    poll_sendmsg();
    processes();
    limits();
    printf("end\n");
    return 0;
}
