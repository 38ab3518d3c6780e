// The product of conv_simd.cpp for few output channels (the gradient of an image with one or three channels). SIMD
// lanes hold terms, not columns, and each sum is reduced at its end. The kernel needs no packing: the terms of one tap
// and column are contiguous.
#include "dispatch/kernel.h"
#include "ops/conv/pixel_strip.h"

namespace netlet::NETLET_ISA {

// The number of sums that fit the registers beside one vector of the kernel per column.
constexpr int most_sums = sizeof(Vec<float>) == 64 ? 24 : 10;
constexpr int pixels_for(int columns) {
    return most_sums / columns < 4 ? (most_sums / columns ? most_sums / columns : 1) : 4;
}

// Computes N columns of P pixels. Only the first `pixels` of them are stored.
template <class T, int N>
static void unpacked_rows(const Run<T>* runs, int64_t count, int64_t line, T* const* y, int64_t first, int64_t pixels,
                          const T* bias, bool accumulate) {
    using V = Vec<T>;
    constexpr int P = pixels_for(N);
    V sum[P][N];
    NETLET_UNROLL(4)
    for (int p = 0; p < P; ++p) NETLET_UNROLL(8)
    for (int n = 0; n < N; ++n) sum[p][n] = V::zero();
    for (int64_t r = 0; r < count; ++r) {
        const T* x[P];
        NETLET_UNROLL(4)
        for (int p = 0; p < P; ++p) x[p] = runs[r].a[first + (p < pixels ? p : 0)] + runs[r].offset;
        for (int64_t k = 0; k < runs[r].K; k += V::width) {
            const int64_t left = runs[r].K - k;
            auto terms = [&](const T* from)
                             NETLET_INLINE_LAMBDA { return left >= V::width ? V::load(from) : V::load_n(from, left); };
            V w[N];
            NETLET_UNROLL(8)
            for (int n = 0; n < N; ++n) w[n] = terms(runs[r].b + n * line + k);
            NETLET_UNROLL(4)
            for (int p = 0; p < P; ++p) {
                const V xp = terms(x[p] + k);
                NETLET_UNROLL(8)
                for (int n = 0; n < N; ++n) sum[p][n] = fma(xp, w[n], sum[p][n]);
            }
        }
    }
    NETLET_UNROLL(4)
    for (int p = 0; p < P; ++p) {
        if (p >= pixels) return;
        T* to = y[first + p];
        NETLET_UNROLL(8)
        for (int n = 0; n < N; ++n) to[n] = reduce_add(sum[p][n]) + (accumulate ? to[n] : bias ? bias[n] : 0);
    }
}

template <class T>
using UnpackedRowsFn = void (*)(const Run<T>*, int64_t, int64_t, T* const*, int64_t, int64_t, const T*, bool);
template <class T>
static const UnpackedRowsFn<T> unpacked_rows_by_columns[conv_few_columns + 1] = {nullptr,
                                                                                 unpacked_rows<T, 1>,
                                                                                 unpacked_rows<T, 2>,
                                                                                 unpacked_rows<T, 3>,
                                                                                 unpacked_rows<T, 4>,
                                                                                 unpacked_rows<T, 5>,
                                                                                 unpacked_rows<T, 6>,
                                                                                 unpacked_rows<T, 7>,
                                                                                 unpacked_rows<T, 8>};

// w is the unpacked kernel, (taps, columns, terms). A work unit is mb pixels.
template <class T>
NETLET_INLINE void conv_unpacked_rows(const ConvArgs& g, Range r) {
    constexpr int64_t most = most_rows;
    const int64_t pixels = g.batch * g.axis[0].grid * g.axis[1].grid * g.axis[2].grid;
    const int64_t step = pixels_for((int)g.O);
    PixelStrip<T> s;
    const T* a[most_runs][most_rows];
    Run<T> run[most_runs];
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t end = pixels - unit * g.mb < g.mb ? pixels : (unit + 1) * g.mb;
        Pixel p = pixel_at(g.axis, unit * g.mb);
        for (int64_t i = unit * g.mb; i < end;) {
            const int64_t rows = end - i < most ? end - i : most;
            place_strip(s, g, p, rows, 0, 0);
            const bool inside = s.inside[0] && s.inside[1] && s.inside[2];
            int64_t runs = 0;
            each_run(g, false, [&](const Stretch& at) {
                if (!inside && !place_stretch(a[runs], s, g, at, false)) return;
                run[runs] = {inside ? s.x : a[runs], inside ? at.offset : 0,
                             static_cast<const T*>(g.w) + at.tap * g.O * g.C + at.channel, at.terms};
                ++runs;
            });
            for (int64_t k = 0; k < rows; k += step)
                unpacked_rows_by_columns<T>[g.O](run, runs, g.C, s.y, k, rows - k < step ? rows - k : step,
                                                 static_cast<const T*>(g.bias), g.accumulate);
            finish_strip(s, g, rows, g.O);
            i += rows;
        }
    }
}

NETLET_DEFINE_KERNEL(conv_unpacked_rows_f32, ConvArgs) { conv_unpacked_rows<float>(a, r); }
NETLET_DEFINE_KERNEL(conv_unpacked_rows_f64, ConvArgs) { conv_unpacked_rows<double>(a, r); }

}  // namespace netlet::NETLET_ISA
