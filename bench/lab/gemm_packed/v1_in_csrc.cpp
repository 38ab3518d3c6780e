// The kernel as it is: a strip of a stays in the L1 cache, and the panels of b pass by from the L2 cache. On AVX2 up to
// eight strips go in pairs, as in v2.
#include "gemm_packed/arguments.h"

extern "C" void run(void** arrays, const int64_t* sizes) {
    using namespace lab;
    const GemmArgs g = arguments(arrays, sizes);
    for (int64_t unit = 0; unit < units(g); ++unit) packed_unit<Floats<float>>(g, unit);
}
