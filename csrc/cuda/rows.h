// Rows that teams of threads reduce: a team is 1 thread, 4 or 32 lanes of a warp, or all threads of a block, by the
// length of the rows alone, and its sums run in a fixed tree. So the bits do not depend on the grid.
#pragma once
#include "cuda/reduce.h"

namespace netlet::cuda {

template <int Lanes, int Threads> struct Team {
    static_assert(Lanes == Threads || (warp % Lanes == 0 && Threads % warp == 0));
    static constexpr int lanes = Lanes, rows = Threads / Lanes;  // of a block at a time
    static constexpr int unrolled = Lanes == 1 ? 1 : 2;          // more costs registers

    __device__ static int lane() { return (int)threadIdx.x % Lanes; }
    // The result over the team, in all of its threads. All threads of the block call it.
    template <class T, class Op> __device__ static T reduce(T v, Op op) {
        if constexpr (Lanes == Threads) {
            return reduce_block<Threads>(v, shared_array<T>(0, Threads / warp), op);
        } else {
            for (int step = Lanes / 2; step > 0; step /= 2) v = op(v, __shfl_xor_sync(all_lanes, v, step));
            return v;
        }
    }
    // The sum of term(j) over 0 <= j < n, in float64, and the maximum.
    template <class F> __device__ static double sum(int64_t n, F term) {
        double s = 0;
#pragma unroll unrolled
        for (int64_t j = lane(); j < n; j += Lanes) s += (double)term(j);
        return reduce(s, Plus{});
    }
    template <class T, class F> __device__ static T max(int64_t n, F term) {
        T m = -(T)INFINITY;
#pragma unroll unrolled
        for (int64_t j = lane(); j < n; j += Lanes) m = Larger{}(m, (T)term(j));
        return reduce(m, Larger{});
    }
    // Calls f(j) for the team's elements.
    template <class F> __device__ static void each(int64_t n, F f) {
#pragma unroll unrolled
        for (int64_t j = lane(); j < n; j += Lanes) f(j);
    }
    // Calls f(row, mine) for the rows of this thread, as often in all threads of the block. Where `mine` is false, the
    // last row stands in for one beyond the end, and f must write nothing.
    template <class F> __device__ static void each_row(int64_t count, F f) {
        rows_from((int64_t)blockIdx.x * rows, count, (int64_t)gridDim.x * rows, f);
    }
    // The same for the rows [begin, end), all in this block.
    template <class F> __device__ static void each_row_between(int64_t begin, int64_t end, F f) {
        rows_from(begin, end, rows, f);
    }

  private:
    template <class F> __device__ static void rows_from(int64_t first, int64_t end, int64_t step, F f) {
        for (; first < end; first += step) {
            const int64_t row = first + (int)threadIdx.x / Lanes;
            f(row < end ? row : end - 1, row < end);
        }
    }
};

inline unsigned blocks_for_rows(const Stream& s, int64_t rows, int rows_of_block) {
    const int64_t needed = (rows + rows_of_block - 1) / rows_of_block, most = (int64_t)s.multiprocessors * 8;
    return (unsigned)(needed < 1 ? 1 : needed < most ? needed : most);
}

// Calls f(Team<...>{}) with the team for rows of this length.
template <int Threads, class F> inline void with_team(int64_t length, F f) {
    if (length <= 32) return f(Team<4, Threads>{});
    if (length <= 1024) return f(Team<warp, Threads>{});
    f(Team<Threads, Threads>{});
}

}  // namespace netlet::cuda
