#include "dispatch/kernel.h"
#include "ops/softmax/softmax_columns.h"
#include "ops/softmax/softmax_rows.h"
#include "ops/softmax/sparsemax.h"

namespace netlet::NETLET_ISA {

// Calls f(o, i, k) for each group of k <= V::width columns from column i of outer index o.
template <class V, class F>
NETLET_INLINE void for_columns(Range r, int64_t I, const F& f) {
    const int64_t units_per_o = (I + softmax_columns - 1) / softmax_columns;
    for (int64_t u = r.begin; u < r.end; ++u) {
        const int64_t o = u / units_per_o, first = u % units_per_o * softmax_columns;
        const int64_t end = first + softmax_columns < I ? first + softmax_columns : I;
        for (int64_t i = first; i < end; i += V::width) f(o, i, end - i < V::width ? end - i : (int64_t)V::width);
    }
}

template <class T>
NETLET_INLINE void softmax_fwd(const SoftmaxArgs<T>& a, Range r) {
    using V = Vec<T>;
    const bool reduced = a.kind == SoftmaxKind::logsumexp;
    if (a.I == 1) {
        if (a.kind == SoftmaxKind::softmax && a.N <= 2 * V::width)
            return softmax_short_rows(a.x + r.begin * a.N, a.y + r.begin * a.N, a.N, r.end - r.begin);
        for (int64_t o = r.begin; o < r.end; ++o)
            if (a.kind == SoftmaxKind::sparsemax)
                sparsemax_row(a.x + o * a.N, a.y + o * a.N, a.N);
            else
                softmax_row(a.x + o * a.N, a.y + (reduced ? o : o * a.N), a.N, a.kind);
        return;
    }
    for_columns<V>(r, a.I, [&](int64_t o, int64_t i, int64_t k) {
        if (a.kind == SoftmaxKind::sparsemax)
            return sparsemax_column(a.x + o * a.N * a.I + i, a.y + o * a.N * a.I + i, a.N, a.I, k);
        softmax_column(a.x + o * a.N * a.I + i, a.y + (reduced ? o * a.I : o * a.N * a.I) + i, a.N, a.I, k, a.kind);
    });
}

template <class T>
NETLET_INLINE void softmax_bwd(const SoftmaxGradArgs<T>& a, Range r) {
    const bool reduced = a.kind == SoftmaxKind::logsumexp;
    if (a.I == 1) {
        for (int64_t o = r.begin; o < r.end; ++o) {
            const int64_t at = o * a.N, row = reduced ? o : at;
            if (a.kind == SoftmaxKind::sparsemax) {
                sparsemax_row_bwd(a.y + at, a.dy + at, a.dx + at, a.N, a.accumulate);
                continue;
            }
            softmax_row_bwd(reduced ? a.x + at : nullptr, a.y + row, a.dy + row, a.dx + at, a.N, a.kind, a.accumulate);
        }
        return;
    }
    for_columns<Vec<T>>(r, a.I, [&](int64_t o, int64_t i, int64_t k) {
        const int64_t at = o * a.N * a.I + i, column = reduced ? o * a.I + i : at;
        if (a.kind == SoftmaxKind::sparsemax)
            return sparsemax_column_bwd(a.y + at, a.dy + at, a.dx + at, a.N, a.I, k, a.accumulate);
        softmax_column_bwd(reduced ? a.x + at : nullptr, a.y + column, a.dy + column, a.dx + at, a.N, a.I, k, a.kind,
                           a.accumulate);
    });
}

NETLET_DEFINE_KERNEL(softmax_fwd_f32, SoftmaxArgs<float>) { softmax_fwd(a, r); }
NETLET_DEFINE_KERNEL(softmax_fwd_f64, SoftmaxArgs<double>) { softmax_fwd(a, r); }
NETLET_DEFINE_KERNEL(softmax_bwd_f32, SoftmaxGradArgs<float>) { softmax_bwd(a, r); }
NETLET_DEFINE_KERNEL(softmax_bwd_f64, SoftmaxGradArgs<double>) { softmax_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
