#include "dispatch/kernel.h"
#include "ops/index/index_args.h"
#include "ops/index/read_index.h"

namespace netlet::NETLET_ISA {

NETLET_DEFINE_KERNEL(flat_rows, FlatRowsArgs) {
    for (int64_t i = r.begin; i < r.end; ++i) {
        int64_t row = 0;
        for (int32_t d = 0; d < a.depth && row >= 0; ++d) {
            const int64_t position = index_at(a.index, a.index_dtype, i * a.depth + d);
            const int64_t at = position < 0 && !a.from_end ? -1 : wrap_index(position, a.extent[d]);
            row = at < 0 ? -1 : row * a.extent[d] + at;
        }
        a.row[i] = row < 0 ? a.rows : row;
    }
}

// Integers wrap around, as NumPy's do.
template <class T> NETLET_INLINE T wrapping_add(T a, T b) {
    T y;
    add_overflows(a, b, &y);
    return y;
}
template <class T> NETLET_INLINE T wrapping_multiply(T a, T b) {
    T y;
    multiply_overflows(a, b, &y);
    return y;
}
NETLET_INLINE float wrapping_add(float a, float b) { return a + b; }
NETLET_INLINE double wrapping_add(double a, double b) { return a + b; }
NETLET_INLINE float wrapping_multiply(float a, float b) { return a * b; }
NETLET_INLINE double wrapping_multiply(double a, double b) { return a * b; }

template <class T, class Join>
NETLET_INLINE void scatter_with(const ScatterArgs<T>& a, Range r, const Join& join) {
    for (int64_t k = 0; k < a.k; ++k) {
        const int64_t row = a.row[k];
        if (row < r.begin || row >= r.end) continue;
        const T* NETLET_RESTRICT x = a.x + k * a.inner;
        T* NETLET_RESTRICT y = a.y + row * a.inner;
        for (int64_t i = 0; i < a.inner; ++i) y[i] = join(y[i], x[i]);
    }
}

template <class T>
NETLET_INLINE void scatter(const ScatterArgs<T>& a, Range r) {
    switch (a.op) {
        case ScatterOp::set: return scatter_with(a, r, [](T, T x) { return x; });
        case ScatterOp::add: return scatter_with(a, r, [](T y, T x) { return wrapping_add(y, x); });
        case ScatterOp::multiply: return scatter_with(a, r, [](T y, T x) { return wrapping_multiply(y, x); });
        // NaN wins over numbers.
        case ScatterOp::max: return scatter_with(a, r, [](T y, T x) { return ((x > y) | (x != x)) ? x : y; });
        case ScatterOp::min: return scatter_with(a, r, [](T y, T x) { return ((x < y) | (x != x)) ? x : y; });
    }
}

NETLET_DEFINE_KERNEL(scatter_f32, ScatterArgs<float>) { scatter(a, r); }
NETLET_DEFINE_KERNEL(scatter_f64, ScatterArgs<double>) { scatter(a, r); }
NETLET_DEFINE_KERNEL(scatter_i32, ScatterArgs<int32_t>) { scatter(a, r); }
NETLET_DEFINE_KERNEL(scatter_i64, ScatterArgs<int64_t>) { scatter(a, r); }

}  // namespace netlet::NETLET_ISA
