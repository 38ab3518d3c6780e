// Two strips of a stay in the L1 cache together with a panel of b, which therefore comes from the L2 cache once for
// both. Shorter blocks of terms make room. On a Zen 3 whose other hardware thread was busy, against one strip at a time:
// 10 % faster for 32 rows; for 512 rows and more between 10 % slower and 9 % faster from run to run. Four or six strips,
// or 128 to 384 terms, were no better.
#include "gemm_packed/arguments.h"

namespace lab {

constexpr int together = 2, terms = 256;

static void unit_of(const GemmArgs& g, int64_t unit) {
    using F = Floats<float>;
    constexpr int most = max_rows(packed_nv), W = Vec<float>::width;
    constexpr int64_t NR = panel_width<F>, kc = terms;
    const Block at = block_of(g, unit);
    const RowStrips strips(at.rows, most);
    const float* a = static_cast<const float*>(g.a) + at.i * g.lda;
    const float* b = static_cast<const float*>(g.b) + at.j * g.K;
    float* c = static_cast<float*>(g.c) + at.i * g.ldc + at.j;
    Init<float> init{nullptr, 0};
    const bool in_place = g.lda * 4 % 4096 != 0;
    alignas(64) float copy[together * most * (kc + 16)];
    for (int64_t k0 = 0; k0 < g.K; k0 += kc, init = {c, g.ldc}) {
        const int64_t ks = g.K - k0 < kc ? g.K - k0 : kc;
        for (int64_t s = 0, i = 0; s < strips.count;) {
            int64_t rows = 0;
            const int64_t count = strips.count - s < together ? strips.count - s : together;
            for (int64_t t = 0; t < count; ++t) rows += strips.rows(s + t);
            const float* lanes = a + i * g.lda + k0;
            int64_t ld = g.lda;
            if (!in_place) {
                pack_rows(copy, kc + 16, lanes, g.lda, ks, rows);
                lanes = copy;
                ld = kc + 16;
            }
            for (int64_t j = 0; j < at.columns; j += NR) {
                const int64_t left = at.columns - j;
                const int v = left <= W ? 1 : 2;
                const int64_t last = left < v * W ? left - (v - 1) * W : W;
                for (int64_t t = 0, r = 0; t < count; ++t) {
                    const int64_t mr = strips.rows(s + t);
                    tiles_for<Plain<float>>(AMajor::row, false, v)
                        .fn[mr](ks, lanes + r * ld, ld, b + j * g.K + k0 * NR, NR, c + (i + r) * g.ldc + j, g.ldc,
                                init.at(i + r, j), init.ld, last);
                    r += mr;
                }
            }
            s += count;
            i += rows;
        }
    }
}

}  // namespace lab

extern "C" void run(void** arrays, const int64_t* sizes) {
    using namespace lab;
    const GemmArgs g = arguments(arrays, sizes);
    for (int64_t unit = 0; unit < units(g); ++unit) unit_of(g, unit);
}
