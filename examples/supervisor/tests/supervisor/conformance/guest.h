/* What the parts of the conformance program share. It prints what each call gives, but never an
 * automatic number. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* By number, where the C library is older. */
#undef SYS_fchmodat2
#define SYS_fchmodat2 452
#undef SYS_cachestat
#define SYS_cachestat 451
#undef SYS_getxattrat
#define SYS_getxattrat 464
#undef SYS_listxattrat
#define SYS_listxattrat 465
#undef SYS_file_getattr
#define SYS_file_getattr 468

/* A system call without the C library between; -1 and errno on failure. */
#define CALL(number, ...) syscall(SYS_##number, __VA_ARGS__)

/* The name of the errno of a result, or the result; descriptors are not told apart. */
const char *result(long value);
const char *result_fd(long value);

#define SHOW(call) printf("%s: %s\n", #call, (errno = 0, result((long) (call))))
#define SHOW_FD(call) printf("%s: %s\n", #call, (errno = 0, result_fd((long) (call))))

/* Ends the program: what the cases rest on does not hold. */
void must(bool holds, const char *what);
#define MUST(condition) must(condition, #condition)

/* A page whose next page is missing, and one that cannot be written. */
extern char *half, *constant;
/* An address that is not mapped, and one of the kernel. */
#define UNMAPPED ((void *) 16)
#define KERNEL ((void *) 0xffff800000000000)

/* Makes "f" anew, with ten lines of twelve bytes, and opens it. */
int file(int flags);

/* Each prints its part. */
void matrix(void);
void memory(void);
void duplicates(void);
void opening(void);
void poll_sendmsg(void);
void processes(void);
void limits(void);
