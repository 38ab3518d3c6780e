/* Loaded before everything else (LD_PRELOAD), lets the k-th request for memory fail, as where memory has run out.
 *
 * Requests count from a size on, of Python, NumPy and C++, in all threads. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_long left;   /* requests that still succeed; -1: all */
static atomic_long failed;
static size_t least;       /* bytes of a request that counts */

void netlet_test_fail_memory(long k, size_t from) {
    least = from;
    atomic_store(&failed, 0);
    atomic_store(&left, k);
}
long netlet_test_memory_failed(void) { return atomic_load(&failed); }

static int fails(void) {
    if (atomic_load(&left) <= 0 || atomic_fetch_sub(&left, 1) != 1) return 0;
    atomic_fetch_add(&failed, 1);
    return 1;
}
static int large(size_t n) { return n >= least && fails(); }

void *malloc(size_t n) { return large(n) ? (errno = ENOMEM, NULL) : __libc_malloc(n); }
void *calloc(size_t n, size_t m) { return large(n * m) ? (errno = ENOMEM, NULL) : __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { return large(n) ? (errno = ENOMEM, NULL) : __libc_realloc(p, n); }
void *memalign(size_t a, size_t n) { return large(n) ? (errno = ENOMEM, NULL) : __libc_memalign(a, n); }
void *aligned_alloc(size_t a, size_t n) { return memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n) {
    *p = memalign(a, n);
    return *p || !n ? 0 : ENOMEM;
}
