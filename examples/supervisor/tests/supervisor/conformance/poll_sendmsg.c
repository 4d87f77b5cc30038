/* Calls that name descriptors in memory: poll, select, epoll, SCM_RIGHTS. */
#include "guest.h"

static void polled(int file, int reader, int writer) {
    struct pollfd fds[] = {
        {file, POLLIN | POLLOUT, 0}, {reader, POLLIN, 0}, {writer, POLLOUT, 0},
        {1999, POLLIN, 0}, {-1, POLLIN, 7}, {-5000, POLLIN, 7}, {INT_MAX, POLLIN, 0}, {0, 0, 0},
    };
    int count = sizeof fds / sizeof *fds;
    for (int round = 0; round < 2; round++) {
        SHOW(poll(fds, count, 0));
        for (int i = 0; i < count; i++)
            printf(" %x", fds[i].revents);
        printf("\n");
        SHOW(write(writer, "x", 1));
    }
    SHOW(ppoll(fds + 1, 1, &(struct timespec) {1, 0}, NULL));
    SHOW(ppoll(fds + 1, 1, &(struct timespec) {-1, 0}, NULL));
    SHOW(poll(fds, -1, 0));
    SHOW(poll(NULL, 0, 1));
    SHOW(poll(fds + 3, 1, -1));
}

static void selected(int reader, int writer) {
    static fd_set in[8], out[8];
    unsigned long *reads = (unsigned long *) in, *writes = (unsigned long *) out;
    memset(in, 0, sizeof in), memset(out, 0, sizeof out);
    reads[reader / 64] |= 1UL << reader % 64, writes[writer / 64] |= 1UL << writer % 64;
    struct timeval now = {0, 0};
    SHOW(CALL(select, 2000, in, out, NULL, &now));
    printf("%d %d\n", reads[reader / 64] != 0, writes[writer / 64] != 0);
    reads[1999 / 64] |= 1UL << 1999 % 64;
    SHOW(CALL(select, 2000, in, out, NULL, &now));
    SHOW(CALL(select, -1, in, out, NULL, &now));
    SHOW(CALL(select, 2000, NULL, NULL, NULL, &now));
    SHOW(CALL(pselect6, 1900, in, NULL, NULL, &(struct timespec) {0, 0}, NULL));
}

static void epolled(int file, int reader) {
    struct epoll_event event = {EPOLLIN, {.u64 = 42}}, got[3];
    int epoll = dup2(epoll_create1(0), 1520);
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, reader, &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, reader, &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, 1999, &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, file, &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, 1999, NULL));
    SHOW(epoll_ctl(file, EPOLL_CTL_ADD, reader, &event));
    SHOW(epoll_ctl(epoll, 9, reader, &event));
    SHOW(epoll_wait(epoll, got, 3, 0));
    printf("%d\n", (int) got[0].data.u64);
    SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, reader, NULL));
    SHOW(epoll_wait(epoll, got, 3, 0));
    SHOW(close(epoll));
}

/* Sends `fd` over `via`, and looks at what arrives at `to`. */
static void passed(int via, int to, int fd) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control = {.header = {CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), (int[]) {fd, 0}, 2 * sizeof(int));
    char byte = 'b';
    struct iovec vector = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1,
        .msg_control = &control, .msg_controllen = sizeof control,
    };
    SHOW(CALL(sendmsg, via, &message, MSG_DONTWAIT));
    message.msg_controllen = sizeof control;
    long received = CALL(recvmsg, to, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    SHOW(received);
    if (received < 0 || message.msg_controllen < sizeof(struct cmsghdr))
        return;
    int got[2];
    memcpy(got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof got);
    SHOW(fcntl(got[0], F_GETFD));
    SHOW(lseek(got[0], 5, SEEK_CUR));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(fcntl(got[0], F_GETFL));
    close(got[0]), close(got[1]);
}

void poll_sendmsg(void) {
    int ends[2], sockets[2], fd = file(O_RDWR);
    MUST(pipe(ends) == 0 && dup2(ends[0], 1500) == 1500 && dup2(ends[1], 1800) == 1800);
    polled(fd, 1500, 1800);
    polled(dup2(fd, 1501), ends[0], ends[1]);
    selected(1500, 1800);
    epolled(fd, 1500);
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    MUST(dup2(sockets[0], 1510) == 1510 && dup2(sockets[1], 1511) == 1511);
    static const int bad[] = {1999, -1, INT_MAX};
    for (int high = 0; high < 2; high++) {
        int via = high ? 1510 : sockets[0], to = high ? 1511 : sockets[1];
        passed(via, to, fd), passed(via, to, 1501), passed(via, to, 1500), passed(via, to, ends[0]);
        for (int i = 0; i < 3; i++)
            passed(via, to, bad[i]);
    }
    close_range(1500, 1900, 0);
    close(ends[0]), close(ends[1]), close(sockets[0]), close(sockets[1]), close(fd);
}
