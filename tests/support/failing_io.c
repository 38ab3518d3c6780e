/* Loaded before everything else (LD_PRELOAD), lets the k-th call fail that writes to a folder, as a full or broken disk does.
 *
 * Calls count that create, write, sync, rename or close a file for writing below the folder. The write that meets the full disk
 * writes half of its bytes, and the next one fails; a close that fails has closed. Removing files never fails: a full disk
 * allows it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, WRITE = 2, SYNC = 4, RENAME = 8, CLOSE = 16, MKDIR = 32, CHMOD = 64 };

static char folder[PATH_MAX];
static atomic_long calls, failed;
static long fail_at;    /* number of the call that fails, from 1; 0: none */
static int sticky;      /* whether all later writing calls fail too */
static int error_code;
static atomic_int kinds; /* of the calls so far */
static atomic_int full = -1; /* descriptor whose next write fails, after one that wrote a part */

void netlet_test_fail_io(const char *below, long k, int error, int also_later) {
    snprintf(folder, sizeof folder, "%s", below);
    atomic_store(&calls, 0), atomic_store(&failed, 0), atomic_store(&kinds, 0);
    atomic_store(&full, -1);
    fail_at = k, error_code = error, sticky = also_later;
}
long netlet_test_io_calls(void) { return atomic_load(&calls); }
long netlet_test_io_failed(void) { return atomic_load(&failed); }
int netlet_test_io_kinds(void) { return atomic_load(&kinds); }

static int below(const char *path) {
    const size_t n = strlen(folder);
    return n && path && strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == 0);
}

static int fails(int kind) {
    const long call = atomic_fetch_add(&calls, 1) + 1;
    atomic_fetch_or(&kinds, kind);
    if (!fail_at || call < fail_at || (call > fail_at && !sticky)) return 0;
    /* Closing and renaming need no room: only the first of them fails. */
    if (call > fail_at && !(kind & (OPEN | WRITE | SYNC | MKDIR))) return 0;
    atomic_fetch_add(&failed, 1);
    return 1;
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return 1;
}

static int fd_fails(int fd, int kind) {
    const int saved = errno;
    char path[PATH_MAX];
    const int counts = *folder && path_of(fd, path) && below(path);
    errno = saved;
    if (!counts || !fails(kind)) return 0;
    errno = error_code;
    return 1;
}

static int path_fails(const char *path, int kind) {
    if (!*folder || !below(path) || !fails(kind)) return 0;
    errno = error_code;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t n) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = REAL(write);
    if (atomic_compare_exchange_strong(&full, &(int){fd}, -1)) {
        errno = error_code;
        return -1;
    }
    if (!fd_fails(fd, WRITE)) return real(fd, data, n);
    if (n == 1 || atomic_load(&failed) > 1) return -1;
    atomic_store(&full, fd);
    return real(fd, data, n / 2);
}
ssize_t writev(int fd, const struct iovec *parts, int n) { return fd_fails(fd, WRITE) ? -1 : REAL(writev)(fd, parts, n); }
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
    return fd_fails(fd, WRITE) ? -1 : REAL(pwrite)(fd, data, n, at);
}
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    return fd_fails(fd, WRITE) ? -1 : REAL(pwrite64)(fd, data, n, at);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t n) {
    static ssize_t (*real)(int, int, off64_t *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "sendfile64");
    return fd_fails(to, WRITE) ? -1 : real(to, from, at, n);
}
ssize_t sendfile(int to, int from, off_t *at, size_t n) { return sendfile64(to, from, at, n); }
int fsync(int fd) { return fd_fails(fd, SYNC) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fd_fails(fd, SYNC) ? -1 : REAL(fdatasync)(fd); }
int fchmod(int fd, mode_t mode) { return fd_fails(fd, CHMOD) ? -1 : REAL(fchmod)(fd, mode); }
int mkdir(const char *path, mode_t mode) {
    /* Of a folder that exists: refused, whatever the disk does. */
    return access(path, F_OK) != 0 && path_fails(path, MKDIR) ? -1 : REAL(mkdir)(path, mode);
}
int rename(const char *old, const char *new) { return path_fails(new, RENAME) ? -1 : REAL(rename)(old, new); }

int close(int fd) {
    static int (*real)(int);
    if (!real) real = REAL(close);
    const int saved = errno, writable = *folder && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
    errno = saved;
    if (!writable || !fd_fails(fd, CLOSE)) return real(fd);
    real(fd);
    errno = error_code;
    return -1;
}

static int open_fails(const char *path, int flags) {
    const int writes = (flags & O_CREAT) || (flags & O_ACCMODE) != O_RDONLY;
    return writes && path_fails(path, OPEN);
}
#define OPENED(call)                              \
    va_list rest;                                 \
    va_start(rest, flags);                        \
    const mode_t mode = va_arg(rest, unsigned);   \
    va_end(rest);                                 \
    return open_fails(path, flags) ? -1 : call

int open(const char *path, int flags, ...) { OPENED(REAL(open)(path, flags, mode)); }
int open64(const char *path, int flags, ...) { OPENED(REAL(open64)(path, flags, mode)); }
int openat(int at, const char *path, int flags, ...) { OPENED(REAL(openat)(at, path, flags, mode)); }
int openat64(int at, const char *path, int flags, ...) { OPENED(REAL(openat64)(at, path, flags, mode)); }
