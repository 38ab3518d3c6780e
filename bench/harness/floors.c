/* What this machine can do at most: loops of nothing but the instruction in question. Compiled and timed by floors.py. */
#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif

/* Ten chains: more than latency times throughput of a multiply-add, fewer than half the registers of AVX2. */
#define EACH(_) _(0) _(1) _(2) _(3) _(4) _(5) _(6) _(7) _(8) _(9)
#define CHAINS 10

/* Each function returns how many operations (or bytes) it did. `sink` keeps the compiler from leaving the work out. */
static volatile double sink;

#define MULTIPLY_ADD(T, NAME)                                  \
    double NAME(long rounds) {                                 \
        typedef T V __attribute__((vector_size(BYTES)));       \
        V m = {0}, a = {0};                                    \
        m += (T)0.999;                                         \
        a += (T)0.001;                                         \
        EACH(BEGIN)                                            \
        for (long r = 0; r < rounds; ++r) {                    \
            EACH(STEP)                                         \
        }                                                      \
        EACH(ADD)                                              \
        sink = (double)m[0];                                   \
        return (double)rounds * CHAINS * BYTES / sizeof(T) * 2; \
    }
#define BEGIN(i) V s##i = m + (float)i;
#define STEP(i) s##i = s##i * m + a;
#define ADD(i) m += s##i;
MULTIPLY_ADD(float, float32)
#undef BEGIN
#define BEGIN(i) V s##i = m + (double)i;
MULTIPLY_ADD(double, float64)
#undef BEGIN
#undef STEP
#undef ADD

/* Dot products of groups within a lane: V accumulators, OPS operations an instruction. The empty assembly makes the
 * chains unknown, or the compiler would see that all ten are the same. */
#define DOT(NAME, V, ZERO, OPS)                \
    double NAME(long rounds) {                 \
        V one = ZERO;                          \
        EACH(BEGIN)                            \
        for (long r = 0; r < rounds; ++r) {    \
            EACH(STEP)                         \
        }                                      \
        EACH(END)                              \
        return (double)rounds * CHAINS * OPS;  \
    }
#define BEGIN(i) __typeof__(one) s##i = one; __asm__ volatile("" : "+v"(s##i));
#define END(i) __asm__ volatile("" ::"v"(s##i));

#if defined(__AVX512VNNI__)
#define STEP(i) s##i = _mm512_dpbusd_epi32(s##i, one, one);
DOT(int8, __m512i, _mm512_setzero_si512(), 128)
#undef STEP
#elif defined(__AVXVNNI__)
#define STEP(i) s##i = _mm256_dpbusd_avx_epi32(s##i, one, one);
DOT(int8, __m256i, _mm256_setzero_si256(), 64)
#undef STEP
#endif

#if defined(__AVX512BF16__)
#define STEP(i) s##i = _mm512_dpbf16_ps(s##i, (__m512bh)one, (__m512bh)one);
DOT(bfloat16, __m512, _mm512_setzero_ps(), 64)
#endif

/* glibc's memcpy takes the best way for each size, past the caches too. bytes: read and written together. */
double copy(char* to, const char* from, long bytes, long rounds) {
    for (long r = 0; r < rounds; ++r) {
        memcpy(to, from, bytes / 2);
        __asm__ volatile("" ::: "memory");
    }
    return (double)rounds * (bytes / 2) * 2;
}

double read(char* to, const char* from, long bytes, long rounds) {
    typedef int64_t V __attribute__((vector_size(BYTES), aligned(1)));
    (void)to;
    for (long r = 0; r < rounds; ++r) {
        V s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        const char* p = from;
        for (const char* end = from + bytes / (4 * BYTES) * (4 * BYTES); p < end; p += 4 * BYTES) {
            s0 ^= *(const V*)p;
            s1 ^= *(const V*)(p + BYTES);
            s2 ^= *(const V*)(p + 2 * BYTES);
            s3 ^= *(const V*)(p + 3 * BYTES);
        }
        s0 ^= s1 ^ s2 ^ s3;
        sink = (double)s0[0];
        __asm__ volatile("" ::: "memory");
    }
    return (double)rounds * bytes;
}
