// The kernel as it is: where b is larger than 512 KB, a panel of it stays in the L1 cache of AVX2 while the strips
// of a pass by, and the next panel is fetched meanwhile; otherwise as in v2.
#include "gemm_packed/arguments.h"

extern "C" void run(void** arrays, const int64_t* sizes) {
    using namespace lab;
    const GemmArgs g = arguments(arrays, sizes);
    for (int64_t unit = 0; unit < units(g); ++unit) packed_unit<Floats<float>>(g, unit);
}
