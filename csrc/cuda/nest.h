// Loop nests (base/strided.h) in a thread of a GPU: the offsets of an element, from its index, and loops over elements
// of operands that broadcast. As in elements.h a thread takes 16 bytes at a time where rows consist of whole pieces, so
// that one division serves several elements.
#pragma once
#include "base/strided.h"
#include "cuda/elements.h"

namespace netlet::cuda {

// Division by a number that does not change: a multiplication and a shift for dividends below 2^31 (Granlund and
// Montgomery, 1994), else the division of 64-bit integers, which takes about 100 instructions.
struct Divisor {
    int64_t by;
    uint32_t magic, shift;
};
inline Divisor divisor(int64_t by) {
    uint32_t shift = 0;
    while (shift < 31 && ((int64_t)1 << shift) < by) ++shift;
    const uint64_t magic = by < ((int64_t)1 << 31)
                               ? (((uint64_t)1 << 32) * (((uint64_t)1 << shift) - (uint64_t)by)) / (uint64_t)by + 1
                               : 0;
    return {by, (uint32_t)magic, shift};
}
// i / d; `small`: i and the divisor are below 2^31.
__device__ inline int64_t divide(int64_t i, const Divisor& d, bool small) {
    if (!small) return i / d.by;
    const uint32_t n = (uint32_t)i;
    return (int64_t)((__umulhi(n, d.magic) + n) >> d.shift);
}

template <int N> struct Nest {
    Divisor extent[strided_max_rank];
    int64_t stride[N][strided_max_rank];
    int64_t step[N];  // the stride of the innermost axis
    int32_t rank;
    bool small;   // fewer than 2^31 elements
    bool pieces;  // every operand is contiguous or one number along rows of whole pieces
};

// `piece`: elements of a piece.
template <int N> inline Nest<N> nest_of(const Strided<N>& s, int piece = 1) {
    Nest<N> nest{};
    nest.rank = s.rank;
    int64_t elements = 1;
    for (int d = 0; d < s.rank; ++d) {
        nest.extent[d] = divisor(s.extent[d]);
        elements *= s.extent[d];
        for (int k = 0; k < N; ++k) nest.stride[k][d] = s.stride[k][d];
    }
    nest.small = elements < ((int64_t)1 << 31);
    const int last = s.rank - 1;
    nest.pieces = last == 0 || s.extent[last] % piece == 0;
    for (int k = 0; k < N; ++k) {
        nest.step[k] = s.stride[k][last];
        nest.pieces = nest.pieces && (s.stride[k][last] == 0 || s.stride[k][last] == 1);
        for (int d = 0; d < last; ++d) nest.pieces = nest.pieces && (!s.stride[k][last] || s.stride[k][d] % piece == 0);
    }
    return nest;
}

// at[k] = the offset of element i in operand k. Constant indices keep the nest out of local memory.
template <int N> __device__ inline void offsets_of(const Nest<N>& nest, int64_t i, int64_t (&at)[N]) {
#pragma unroll
    for (int k = 0; k < N; ++k) at[k] = 0;
#pragma unroll
    for (int d = strided_max_rank - 1; d >= 0; --d) {
        if (d >= nest.rank) continue;
        const int64_t rest = d > 0 ? divide(i, nest.extent[d], nest.small) : 0;
        const int64_t index = d > 0 ? i - rest * nest.extent[d].by : i;
        i = rest;
#pragma unroll
        for (int k = 0; k < N; ++k) at[k] += index * nest.stride[k][d];
    }
}

// The numbers of the operands, which each_of_nest needs as a pack.
template <int... k> struct Indices {};

template <int count, class T> __device__ inline Piece<T, count> load_row(const T* p, int64_t step) {
    if (step) return load_piece<count>(p);
    Piece<T, count> same;
#pragma unroll
    for (int j = 0; j < count; ++j) same.at[j] = *p;
    return same;
}

// y[i] = f(x[offset of i]...), or y[i] += with `accumulate`. The nest comes from nest_of(.., piece_of<Y, X...>).
template <int N, class Y, class F, int... k, class... X>
__device__ inline void each_of_nest(const Nest<N>& nest, int64_t n, Y* y, bool accumulate, F f, Indices<k...>,
                                    const X*... x) {
    static_assert(sizeof...(X) == N);
    constexpr int count = piece_of<Y, X...>;
    int64_t first = 0;
    if (nest.pieces && starts_a_piece<count>(y) && ((!nest.step[k] || starts_a_piece<count>(x)) && ...)) {
        first = n / count * count;
        for (int64_t i = first_index() * count; i < first; i += all_threads() * count) {
            int64_t at[N];
            offsets_of(nest, i, at);
            [&](const Piece<X, count>&... in) {
                Piece<Y, count> result;
                if (accumulate) result = load_piece<count>((const Y*)y + i);
#pragma unroll
                for (int j = 0; j < count; ++j)
                    result.at[j] = accumulate ? (Y)(result.at[j] + f(in.at[j]...)) : f(in.at[j]...);
                store_piece(y + i, result);
            }(load_row<count>(x + at[k], nest.step[k])...);
        }
    }
    for (int64_t i = first + first_index(); i < n; i += all_threads()) {
        int64_t at[N];
        offsets_of(nest, i, at);
        const Y v = f(x[at[k]]...);
        y[i] = accumulate ? (Y)(y[i] + v) : v;
    }
}

}  // namespace netlet::cuda
