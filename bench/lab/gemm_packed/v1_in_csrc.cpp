// A strip of a stays in the L1 cache; the panels of b pass by, from the L2 cache, once for each strip.
#include "gemm_packed/packed.h"

extern "C" void run(void** arrays, const int64_t* sizes) {
    using namespace lab;
    const GemmArgs g = arguments(arrays, sizes);
    GemmPackArgs p{arrays[1], arrays[2], g.N, g.K, g.N, false};
    pack_once(arrays, g, [&] { pack_b<Floats<float>>(p, {0, (g.N + 63) / 64}); });
    for (int64_t unit = 0; unit < units(g); ++unit) packed_unit<Floats<float>>(g, unit);
}
