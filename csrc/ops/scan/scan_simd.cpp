#include "dispatch/kernel.h"
#include "ops/scan/scan_args.h"

namespace netlet::NETLET_ISA {

namespace {

// One tile of columns: its first element, and its width.
struct ScanTile {
    int64_t first, columns;
};
NETLET_INLINE ScanTile scan_tile_at(int64_t unit, int64_t n, int64_t inner) {
    const int64_t tiles = (inner + scan_tile - 1) / scan_tile, begin = unit % tiles * scan_tile;
    return {unit / tiles * n * inner + begin, inner - begin < scan_tile ? inner - begin : scan_tile};
}

// One contiguous line: the running total stays in a register.
template <bool product, class T>
NETLET_INLINE void scan_line(const ScanArgs<T>& a, int64_t first) {
    using S = typename Total<T>::type;
    const int64_t step = a.from_end ? -1 : 1;
    int64_t at = a.from_end ? first + a.n - 1 : first;
    S total = product ? S(1) : S(0);
    for (int64_t i = 0; i < a.n; ++i, at += step) {
        total = product ? total * (S)a.x[at] : total + (S)a.x[at];
        a.y[at] = a.accumulate ? (T)(a.y[at] + (T)total) : (T)total;
    }
}

template <bool product, class T>
NETLET_INLINE void scan_with(const ScanArgs<T>& a, Range r) {
    using S = typename Total<T>::type;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const ScanTile tile = scan_tile_at(unit, a.n, a.inner);
        if (a.inner == 1) {
            scan_line<product>(a, tile.first);
            continue;
        }
        S total[scan_tile];
        for (int64_t j = 0; j < tile.columns; ++j) total[j] = product ? S(1) : S(0);
        for (int64_t i = 0; i < a.n; ++i) {
            const int64_t row = tile.first + (a.from_end ? a.n - 1 - i : i) * a.inner;
            const T* x = a.x + row;
            T* y = a.y + row;
            for (int64_t j = 0; j < tile.columns; ++j) {
                total[j] = product ? total[j] * (S)x[j] : total[j] + (S)x[j];
                y[j] = a.accumulate ? (T)(y[j] + (T)total[j]) : (T)total[j];
            }
        }
    }
}

template <class T>
NETLET_INLINE void scan(const ScanArgs<T>& a, Range r) {
    a.op == ScanOp::sum ? scan_with<false>(a, r) : scan_with<true>(a, r);
}

}  // namespace

NETLET_DEFINE_KERNEL(scan_f32, ScanArgs<float>) { scan(a, r); }
NETLET_DEFINE_KERNEL(scan_f64, ScanArgs<double>) { scan(a, r); }
NETLET_DEFINE_KERNEL(scan_i32, ScanArgs<int32_t>) { scan(a, r); }
NETLET_DEFINE_KERNEL(scan_i64, ScanArgs<int64_t>) { scan(a, r); }

template <class T>
NETLET_INLINE void cumprod_bwd(const CumprodBackwardArgs<T>& a, Range r) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const ScanTile tile = scan_tile_at(unit, a.n, a.inner);
        T state[scan_tile];
        for (int64_t j = 0; j < tile.columns; ++j) state[j] = T(1);
        for (int64_t i = 0; i < a.n; ++i)
            for (int64_t j = 0; j < tile.columns; ++j) {
                const int64_t at = tile.first + i * a.inner + j;
                a.before[at] = state[j];
                state[j] *= a.x[at];
            }
        for (int64_t j = 0; j < tile.columns; ++j) state[j] = T(0);  // x_{i+1} s_{i+1}
        for (int64_t i = a.n; i-- > 0;)
            for (int64_t j = 0; j < tile.columns; ++j) {
                const int64_t at = tile.first + i * a.inner + j;
                const T s = a.dy[at] + state[j], d = a.before[at] * s;
                a.dx[at] = a.accumulate ? a.dx[at] + d : d;
                state[j] = a.x[at] * s;
            }
    }
}

NETLET_DEFINE_KERNEL(cumprod_bwd_f32, CumprodBackwardArgs<float>) { cumprod_bwd(a, r); }
NETLET_DEFINE_KERNEL(cumprod_bwd_f64, CumprodBackwardArgs<double>) { cumprod_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
