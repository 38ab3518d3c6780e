// Feed: y[i] = x[rows[first + i]] with a cast. The cell, the data and the row numbers lie in device memory. A loop over the
// elements of the batch: threads of a warp read neighbouring elements of a row, so the gather costs no more than a
// copy, except in rows of a few bytes. Where rows hold whole pieces of 16 bytes, a thread moves a piece.
#include "cuda/nest.h"
#include "ops/copy/convert_cuda.h"
#include "ops/feed/feed_args.h"

namespace netlet::cuda {

template <class From, class To>
__device__ inline void feed_rows(const FeedArgs& a, const Divisor& row, bool small, int64_t n) {
    constexpr int count = piece_of<From, To>;
    const FeedCellView cell = *a.cell;
    const From* x = static_cast<const From*>(cell.data);
    To* y = static_cast<To*>(a.y);
    const auto from = [&](int64_t i) {
        const int64_t r = divide(i, row, small);
        return (cell.rows ? cell.rows[a.first + r] : cell.first + a.first + r) * a.row + (i - r * a.row);
    };
    if (a.row % count == 0 && starts_a_piece<count>(x) && starts_a_piece<count>(y)) {
        for (int64_t i = first_index() * count; i < n; i += all_threads() * count) {
            const Piece<From, count> in = load_piece<count>(x + from(i));
            Piece<To, count> out;
#pragma unroll
            for (int j = 0; j < count; ++j) out.at[j] = converted<To>(in.at[j]);
            store_piece(y + i, out);
        }
        return;
    }
    for (int64_t i = first_index(); i < n; i += all_threads()) y[i] = converted<To>(x[from(i)]);
}

__device__ void feed_batch(FeedArgs a, Divisor row, bool small, int64_t n) {
    with_type(a.from,
              [&]<class From>(From) { with_type(a.to, [&]<class To>(To) { feed_rows<From, To>(a, row, small, n); }); });
}

NETLET_CUDA_KERNEL(feed, FeedArgs) {
    const int64_t n = units * a.row;
    if (n > 0) launch<feed_batch>(s, blocks_for(s, n), 0, a, divisor(a.row), n < ((int64_t)1 << 31), n);
}

}  // namespace netlet::cuda
