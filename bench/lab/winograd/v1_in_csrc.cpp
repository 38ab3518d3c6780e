// The kernel as it is.
#include "ops/conv/winograd_simd.cpp"
#include "winograd/arguments.h"

extern "C" void run(void** arrays, const int64_t* sizes) {
    using namespace netlet::NETLET_ISA;
    lab::pack_once(arrays, sizes, [](const auto& args, auto range) { winograd_pack<float>(args, range); });
    winograd_unit<float>(lab::arguments(arrays, sizes), 0);
}
