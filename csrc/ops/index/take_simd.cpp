#include <string.h>

#include "dispatch/kernel.h"
#include "ops/index/index_args.h"
#include "ops/index/read_index.h"

namespace netlet::NETLET_ISA {

template <class Bits>
NETLET_INLINE void gather_as(const GatherArgs& a, Range r, Bits missing) {
    const AxisLayout& s = a.layout;
    int64_t k = r.begin % s.k;
    const Bits* x = static_cast<const Bits*>(a.x) + r.begin / s.k * s.n * s.inner;
    Bits* y = static_cast<Bits*>(a.y) + r.begin * s.inner;
    for (int64_t unit = r.begin; unit < r.end; ++unit, y += s.inner) {
        const int64_t row = wrap_index(index_at(a.index, a.index_dtype, k), s.n);
        const Bits* from = x + row * s.inner;
        if (row < 0)
            for (int64_t i = 0; i < s.inner; ++i) y[i] = missing;
        else if (s.inner == 1)
            *y = *from;
        else
            memcpy(y, from, (size_t)s.inner * sizeof(Bits));
        if (++k < s.k) continue;
        k = 0;
        x += s.n * s.inner;
    }
}

NETLET_DEFINE_KERNEL(gather, GatherArgs) {
    switch (a.dtype) {
        case DType::f32: return gather_as<uint32_t>(a, r, 0x7fc00000u);
        case DType::f64: return gather_as<uint64_t>(a, r, 0x7ff8000000000000u);
        case DType::f16: return gather_as<uint16_t>(a, r, 0x7e00);
        case DType::bf16: return gather_as<uint16_t>(a, r, 0x7fc0);
        case DType::i32: return gather_as<uint32_t>(a, r, 0);
        case DType::i64: return gather_as<uint64_t>(a, r, 0);
        default: return gather_as<uint8_t>(a, r, 0);
    }
}

template <class T>
NETLET_INLINE void scatter_add_columns(const ScatterAddArgs<T>& a, Range r) {
    const AxisLayout& s = a.layout;
    for (int64_t o = 0; o < s.outer; ++o) {
        T* dx = a.dx + o * s.n * s.inner;
        if (!a.accumulate)
            for (int64_t row = 0; row < s.n; ++row)
                memset(dx + row * s.inner + r.begin, 0, (size_t)(r.end - r.begin) * sizeof(T));
        for (int64_t k = 0; k < s.k; ++k) {
            const int64_t row = wrap_index(index_at(a.index, a.index_dtype, k), s.n);
            if (row < 0) continue;
            const T* NETLET_RESTRICT from = a.dy + (o * s.k + k) * s.inner;
            T* NETLET_RESTRICT to = dx + row * s.inner;
            for (int64_t i = r.begin; i < r.end; ++i) to[i] += from[i];
        }
    }
}

template <class T>
NETLET_INLINE void scatter_add(const ScatterAddArgs<T>& a, Range r) {
    if (a.columns) return scatter_add_columns(a, r);
    const AxisLayout& s = a.layout;
    for (int64_t o = 0; o < s.outer; ++o) {
        T* dx = a.dx + o * s.n * s.inner;
        if (!a.accumulate) memset(dx + r.begin * s.inner, 0, (size_t)((r.end - r.begin) * s.inner) * sizeof(T));
        for (int64_t k = 0; k < s.k; ++k) {
            const int64_t row = wrap_index(index_at(a.index, a.index_dtype, k), s.n);
            if (row < r.begin || row >= r.end) continue;
            const T* NETLET_RESTRICT from = a.dy + (o * s.k + k) * s.inner;
            T* NETLET_RESTRICT to = dx + row * s.inner;
            for (int64_t i = 0; i < s.inner; ++i) to[i] += from[i];
        }
    }
}

NETLET_DEFINE_KERNEL(scatter_add_f32, ScatterAddArgs<float>) { scatter_add(a, r); }
NETLET_DEFINE_KERNEL(scatter_add_f64, ScatterAddArgs<double>) { scatter_add(a, r); }

template <class Bits>
NETLET_INLINE void one_hot_as(const OneHotArgs& a, Range r) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t hot = index_at(a.index, a.index_dtype, unit);
        Bits* y = static_cast<Bits*>(a.y) + unit / a.inner * a.n * a.inner + unit % a.inner;
        for (int64_t c = 0; c < a.n; ++c) y[c * a.inner] = 0;
        if (hot >= 0 && hot < a.n) y[hot * a.inner] = (Bits)a.one;
    }
}

NETLET_DEFINE_KERNEL(one_hot, OneHotArgs) {
    switch (a.bytes) {
        case 1: return one_hot_as<uint8_t>(a, r);
        case 2: return one_hot_as<uint16_t>(a, r);
        case 4: return one_hot_as<uint32_t>(a, r);
        default: return one_hot_as<uint64_t>(a, r);
    }
}

}  // namespace netlet::NETLET_ISA
