// The range of a line of numbers, and their codes: the parts of the quantizers that kernels of other ops call on rows
// that are still in the cache.
#pragma once
#include "ops/quant/quant_code.h"
#include "simd/bytes.h"
#include "simd/vec_widen.h"

namespace netlet::NETLET_ISA {

// ---- the range ----------------------------------------------------------------------------------------------------
// The range of the vectors added so far. It contains 0 from the start, so missing lanes and infinities, replaced by 0,
// do not change it.
template <class T>
struct Extent {
    using V = Vec<T>;
    V low = V::zero(), high = V::zero();

    template <bool absolute> NETLET_MEMBER_INLINE void add(V x) {
        const V a = abs(x), finite = select(eq(a, V::set1((T)INFINITY)), V::zero(), absolute ? a : x);
        high = max(high, finite);
        if constexpr (!absolute) low = min(low, finite);
    }
};

template <bool absolute, class T>
NETLET_INLINE void range_of(const T* x, int64_t n, T& low, T& high) {
    using V = Vec<T>;
    Extent<T> a, b, c, d;  // four chains, because each maximum waits for the previous one
    int64_t i = 0;
    for (; i + 4 * V::width <= n; i += 4 * V::width) {
        a.template add<absolute>(V::load(x + i));
        b.template add<absolute>(V::load(x + i + V::width));
        c.template add<absolute>(V::load(x + i + 2 * V::width));
        d.template add<absolute>(V::load(x + i + 3 * V::width));
    }
    for (; i < n; i += V::width)
        a.template add<absolute>(V::load_n(x + i, n - i < V::width ? n - i : (int64_t)V::width));
    high = reduce_max(max(max(a.high, b.high), max(c.high, d.high)));
    low = absolute ? T(0) : reduce_min(min(min(a.low, b.low), min(c.low, d.low)));
}

// ---- codes --------------------------------------------------------------------------------------------------------
// The source of the scale of element i: one scale for the whole line, or arrays along it, padded to whole vectors.
template <class T>
struct OneScale {
    Vec<T> value, z;
    NETLET_MEMBER_INLINE Vec<T> scale(int64_t) const { return value; }
    NETLET_MEMBER_INLINE Vec<T> zero(int64_t) const { return z; }
};
template <class T>
struct ScaleArrays {
    const T *scales, *zeros;
    NETLET_MEMBER_INLINE Vec<T> scale(int64_t i) const { return Vec<T>::load(scales + i); }
    NETLET_MEMBER_INLINE Vec<T> zero(int64_t i) const { return Vec<T>::load(zeros + i); }
};

template <class T>
struct Encoder {
    using V = Vec<T>;
    V lowest, highest;
    explicit NETLET_MEMBER_INLINE Encoder(Quantizer k)
        : lowest(V::set1((T)lowest_code(k))), highest(V::set1((T)highest_code(k))) {}

    NETLET_MEMBER_INLINE V code(V x, V scale, V zero) const {
        const V c = round_even(x / scale) + zero;
        return select(is_nan(c), V::zero(), min(max(c, lowest), highest));
    }
    // The VecI::width codes of the elements from x + i on; only the first n are valid.
    template <class At> NETLET_MEMBER_INLINE VecI codes(const float* x, int64_t i, int64_t n, const At& at) const {
        return to_int_trunc(code(n >= V::width ? V::load(x + i) : V::load_n(x + i, n), at.scale(i), at.zero(i)));
    }
    template <class At> NETLET_MEMBER_INLINE VecI codes(const double* x, int64_t i, int64_t n, const At& at) const {
        constexpr int64_t upper = VecI::width - V::width;  // 0 on the scalar path, where the upper half does not exist
        const int64_t m = n - upper < 0 ? 0 : n - upper;
        const V a = n >= V::width ? V::load(x + i) : V::load_n(x + i, n);
        const V b = m >= V::width ? V::load(x + i + upper) : V::load_n(x + i + upper, m);
        return to_int_trunc(narrow(code(a, at.scale(i), at.zero(i)), code(b, at.scale(i + upper), at.zero(i + upper))));
    }
    template <class At> NETLET_MEMBER_INLINE void line(const T* x, uint8_t* q, int64_t n, const At& at) const {
        int64_t i = 0;
        for (; i + VecI::width <= n; i += VecI::width) store_low_bytes(codes(x, i, VecI::width, at), q + i);
        if (i < n) store_low_bytes_n(codes(x, i, n - i, at), q + i, n - i);
    }
};

}  // namespace netlet::NETLET_ISA
