#include <string.h>

#include "dispatch/kernel.h"
#include "ops/index/index_args.h"
#include "ops/index/read_index.h"

namespace netlet::NETLET_ISA {

template <class Bits>
NETLET_INLINE void gather_along(const GatherAlongArgs& a, Range r, Bits missing) {
    const AxisLayout& s = a.layout;
    const int64_t row = r.begin / s.inner;
    int64_t j = row % s.k, i = r.begin % s.inner;
    const Bits* x = static_cast<const Bits*>(a.x) + row / s.k * s.n * s.inner;
    Bits* y = static_cast<Bits*>(a.y);
    for (int64_t at = r.begin; at < r.end; ++at) {
        const int64_t from = wrap_index(index_at(a.index, a.index_dtype, at), s.n);
        y[at] = from >= 0 ? x[from * s.inner + i] : missing;
        if (++i < s.inner) continue;
        i = 0;
        if (++j < s.k) continue;
        j = 0;
        x += s.n * s.inner;
    }
}

NETLET_DEFINE_KERNEL(gather_along, GatherAlongArgs) {
    switch (a.dtype) {
        case DType::f32: return gather_along<uint32_t>(a, r, 0x7fc00000u);
        case DType::f64: return gather_along<uint64_t>(a, r, 0x7ff8000000000000u);
        case DType::i32: return gather_along<uint32_t>(a, r, 0);
        case DType::i64: return gather_along<uint64_t>(a, r, 0);
        default: return gather_along<uint8_t>(a, r, 0);
    }
}

template <class T>
NETLET_INLINE void scatter_along(const ScatterAlongArgs<T>& a, Range r) {
    const AxisLayout& s = a.layout;
    // The lines of one `outer` are adjacent, so each row is processed over all lines of this thread at once.
    for (int64_t line = r.begin; line < r.end;) {
        const int64_t o = line / s.inner, first = line % s.inner;
        const int64_t end = s.inner - first < r.end - line ? s.inner : first + r.end - line;
        T* dx = a.dx + o * s.n * s.inner;
        if (!a.accumulate)
            for (int64_t j = 0; j < s.n; ++j) memset(dx + j * s.inner + first, 0, (size_t)(end - first) * sizeof(T));
        for (int64_t j = 0; j < s.k; ++j)
            for (int64_t i = first; i < end; ++i) {
                const int64_t at = (o * s.k + j) * s.inner + i;
                const int64_t to = wrap_index(index_at(a.index, a.index_dtype, at), s.n);
                if (to >= 0) dx[to * s.inner + i] += a.dy[at];
            }
        line += end - first;
    }
}

NETLET_DEFINE_KERNEL(scatter_along_f32, ScatterAlongArgs<float>) { scatter_along(a, r); }
NETLET_DEFINE_KERNEL(scatter_along_f64, ScatterAlongArgs<double>) { scatter_along(a, r); }

}  // namespace netlet::NETLET_ISA
