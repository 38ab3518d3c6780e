// A loop nest over N operands, each with its own strides: the iteration space of broadcasting, transposing and
// slicing. Axes are pushed from the outermost to the innermost. Neighbouring axes that every operand can step through
// with a single stride are merged, so that most nests end with one or two axes. Ops build the nest; kernels iterate
// over it.
#pragma once
#include "base/types.h"

namespace netlet {

constexpr int strided_max_rank = 8;

template <int N>
struct Strided {
    int64_t extent[strided_max_rank];
    int64_t stride[N][strided_max_rank];  // in elements; 0 where an operand is broadcast
    int32_t rank;                         // at least 1 after finish_axes
};

template <int N>
NETLET_INLINE void push_axis(Strided<N>& s, int64_t extent, const int64_t (&stride)[N]) {
    if (extent == 1) return;
    bool merges = s.rank > 0;
    for (int k = 0; k < N; ++k) merges = merges && s.stride[k][s.rank - 1] == stride[k] * extent;
    if (merges)
        s.extent[s.rank - 1] *= extent;
    else
        s.extent[s.rank++] = extent;
    for (int k = 0; k < N; ++k) s.stride[k][s.rank - 1] = stride[k];
}

// Call after the last push_axis. A nest without axes gets one axis of size 1: it has one element.
template <int N>
NETLET_INLINE void finish_axes(Strided<N>& s) {
    if (s.rank > 0) return;
    s.rank = 1;
    s.extent[0] = 1;
    for (int k = 0; k < N; ++k) s.stride[k][0] = 1;
}

// Calls row(at, i, n) for each stretch of the innermost axis inside [r.begin, r.end). A stretch has n elements; the
// first one has the flat index i and is element at[k] of operand k.
template <int N, class Row>
NETLET_INLINE void for_rows(const Strided<N>& s, Range r, const Row& row) {
    const int last = s.rank - 1;
    const int64_t length = s.extent[last];
    int64_t at[N] = {}, index[strided_max_rank];
    int64_t rest = r.begin / length, column = r.begin % length;
    for (int k = 0; k < N; ++k) at[k] = column * s.stride[k][last];
    for (int d = last - 1; d >= 0; --d) {
        index[d] = rest % s.extent[d];
        rest /= s.extent[d];
        for (int k = 0; k < N; ++k) at[k] += index[d] * s.stride[k][d];
    }
    for (int64_t i = r.begin; i < r.end;) {
        const int64_t n = length - column < r.end - i ? length - column : r.end - i;
        row(at, i, n);
        i += n;
        for (int k = 0; k < N; ++k) at[k] -= column * s.stride[k][last];
        column = 0;
        for (int d = last - 1; d >= 0; --d) {
            for (int k = 0; k < N; ++k) at[k] += s.stride[k][d];
            if (++index[d] < s.extent[d]) break;
            for (int k = 0; k < N; ++k) at[k] -= s.extent[d] * s.stride[k][d];
            index[d] = 0;
        }
    }
}

}  // namespace netlet
