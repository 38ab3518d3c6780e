// Kernels for tables of which a step uses few rows: embeddings.
#include <string.h>

#include "dispatch/kernel.h"
#include "ops/index/index_args.h"
#include "ops/index/read_index.h"

namespace netlet::NETLET_ISA {

// The position of the first index outside [0, n), or -1. A block is checked without a branch per index, and searched
// only if it contains one.
template <class I>
NETLET_INLINE int64_t first_outside(const I* index, int64_t k, int64_t n) {
    constexpr int64_t block = 1024;
    for (int64_t begin = 0; begin < k; begin += block) {
        const int64_t end = begin + block < k ? begin + block : k;
        bool bad = false;
        for (int64_t i = begin; i < end; ++i) bad |= (index[i] < 0) | ((int64_t)index[i] >= n);
        for (int64_t i = begin; bad && i < end; ++i)
            if (index[i] < 0 || (int64_t)index[i] >= n) return i;
    }
    return -1;
}

NETLET_DEFINE_KERNEL(check_index, CheckIndexArgs) {
    const int64_t at = a.index_dtype == DType::i32 ? first_outside(static_cast<const int32_t*>(a.index), a.k, a.n)
                                                   : first_outside(static_cast<const int64_t*>(a.index), a.k, a.n);
    *a.flag = at >= 0;
    a.found[0] = at;
    a.found[1] = at >= 0 ? index_at(a.index, a.index_dtype, at) : 0;
    a.found[2] = a.n;
}

template <class T>
NETLET_INLINE void zero_rows(const ZeroRowsArgs<T>& a, Range r) {
    for (int64_t row = r.begin; row < r.end; ++row)
        if (a.rows[row]) memset(a.x + row * a.inner, 0, (size_t)a.inner * sizeof(T));
}

NETLET_DEFINE_KERNEL(zero_rows_f32, ZeroRowsArgs<float>) { zero_rows(a, r); }
NETLET_DEFINE_KERNEL(zero_rows_f64, ZeroRowsArgs<double>) { zero_rows(a, r); }

NETLET_DEFINE_KERNEL(mark_rows, MarkRowsArgs) {
    if (!a.index || !a.keep) memset(a.rows, a.index ? 0 : 1, (size_t)a.n);
    for (int64_t i = 0; a.index && i < a.k; ++i) {
        const int64_t row = wrap_index(index_at(a.index, a.index_dtype, i), a.n);
        if (row >= 0) a.rows[row] = 1;
    }
}

}  // namespace netlet::NETLET_ISA
