/* The floating-point mode of the calling thread: rounding, traps, flush to zero (MXCSR or FPCR, and the x87 control word). */
#if defined(__x86_64__)
unsigned long netlet_test_float_mode(void) {
    unsigned mxcsr;
    unsigned short x87;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    return (mxcsr & ~0x3fu) | (unsigned long)x87 << 32; /* the lowest six bits are flags of past operations */
}
#elif defined(__aarch64__)
unsigned long netlet_test_float_mode(void) {
    unsigned long fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
}
#else
unsigned long netlet_test_float_mode(void) { return 0; }
#endif
