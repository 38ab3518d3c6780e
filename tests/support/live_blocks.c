/* Loaded before everything else (LD_PRELOAD), counts the live blocks of the allocator and their bytes in the whole process. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);
extern void __libc_free(void*);

static atomic_long blocks, bytes;

long netlet_test_live_blocks(void) { return atomic_load(&blocks); }
long netlet_test_live_bytes(void) { return atomic_load(&bytes); }

static void* born(void* p) {
    if (p) atomic_fetch_add(&blocks, 1), atomic_fetch_add(&bytes, (long)malloc_usable_size(p));
    return p;
}
static void died(void* p) {
    if (p) atomic_fetch_sub(&blocks, 1), atomic_fetch_sub(&bytes, (long)malloc_usable_size(p));
}

void* malloc(size_t n) { return born(__libc_malloc(n)); }
void* calloc(size_t n, size_t m) { return born(__libc_calloc(n, m)); }
void free(void* p) { died(p), __libc_free(p); }
void* realloc(void* p, size_t n) {
    const size_t old = p ? malloc_usable_size(p) : 0;
    void* q = __libc_realloc(p, n);
    if (q || !n) {
        if (p) atomic_fetch_sub(&blocks, 1), atomic_fetch_sub(&bytes, (long)old);
        born(q);
    }
    return q;
}
void* memalign(size_t a, size_t n) { return born(__libc_memalign(a, n)); }
void* aligned_alloc(size_t a, size_t n) { return memalign(a, n); }
int posix_memalign(void** p, size_t a, size_t n) {
    *p = memalign(a, n);
    return *p || !n ? 0 : ENOMEM;
}
