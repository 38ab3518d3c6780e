// Loops over elements: y[i] = f(x[i], ...). A thread takes 16 bytes of the widest array at a time where every array
// starts at a multiple of its piece, and neighbouring threads take neighbouring pieces; otherwise single elements.
// These loops are bound by memory: 2048 threads of a multiprocessor with 16 bytes each keep enough loads in flight.
#pragma once
#include "cuda/launch.h"

namespace netlet::cuda {

#if defined(__GNUC__) && !defined(__CUDACC__)
#define NETLET_MAY_ALIAS __attribute__((may_alias))
#else
#define NETLET_MAY_ALIAS
#endif

template <class T, int count> struct NETLET_MAY_ALIAS Piece {
    alignas(sizeof(T) * count) T at[count];
};

template <int count, class T> __device__ inline Piece<T, count> load_piece(const T* p) {
    return *reinterpret_cast<const Piece<T, count>*>(p);
}
template <int count, class T> __device__ inline void store_piece(T* p, const Piece<T, count>& v) {
    *reinterpret_cast<Piece<T, count>*>(p) = v;
}
template <int count, class T> __device__ inline bool starts_a_piece(const T* p) {
    return reinterpret_cast<uintptr_t>(p) % (sizeof(T) * count) == 0;
}

// Elements of a piece when the widest of these types takes 16 bytes.
template <class... T> constexpr int elements_of_piece() {
    size_t widest = 1;
    ((widest = sizeof(T) > widest ? sizeof(T) : widest), ...);
    return (int)(16 / widest);
}
template <class... T> inline constexpr int piece_of = elements_of_piece<T...>();

// y[i] = f(x[i]...).
template <class F, class Y, class... X> __device__ inline void each_element(int64_t n, Y* y, F f, const X*... x) {
    constexpr int count = piece_of<Y, X...>;
    int64_t first = 0;
    if (starts_a_piece<count>(y) && (starts_a_piece<count>(x) && ...)) {
        first = n / count * count;
        for (int64_t i = first_index() * count; i < first; i += all_threads() * count) {
            [&](const Piece<X, count>&... in) {
                Piece<Y, count> result;
#pragma unroll
                for (int j = 0; j < count; ++j) result.at[j] = f(in.at[j]...);
                store_piece(y + i, result);
            }(load_piece<count>(x + i)...);
        }
    }
    for (int64_t i = first + first_index(); i < n; i += all_threads()) y[i] = f(x[i]...);
}
// y[i] = or += f(x[i]...).
template <class F, class T, class... X>
__device__ inline void each_element(int64_t n, T* y, bool accumulate, F f, const X*... x) {
    if (accumulate)
        each_element(n, y, [&](T before, X... v) { return before + f(v...); }, (const T*)y, x...);
    else
        each_element(n, y, f, x...);
}

// Blocks for such a loop over n elements, where the widest type is T.
template <class T> inline unsigned blocks_for_pieces(const Stream& s, int64_t n) {
    return blocks_for(s, (n + piece_of<T> - 1) / piece_of<T>);
}

}  // namespace netlet::cuda
