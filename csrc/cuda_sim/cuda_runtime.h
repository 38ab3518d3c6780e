// What CUDA's header of this name declares, for the simulated GPU: the language, and the part of the runtime API that
// csrc/cuda/backend.cu calls. It stands in front of the include path when g++ compiles the `.cu` files.
#pragma once
#include <cstddef>
#include <cstdint>

#define NETLET_CUDA_SIM_HEADER 1

#define __global__
#define __device__
#define __host__
#define __constant__ const
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

// The thread that runs. The scheduler sets them.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

#define NETLET_VECTOR(T, name, alignment)                                                                              \
    struct alignas(alignment / 2) name##2 { T x, y; };                                                                 \
    struct alignas(alignment > 16 ? 16 : alignment) name##4 { T x, y, z, w; };                                         \
    static inline name##2 make_##name##2(T x, T y) { return {x, y}; }                                                  \
    static inline name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }
NETLET_VECTOR(float, float, 16)
NETLET_VECTOR(double, double, 32)
NETLET_VECTOR(int, int, 16)
NETLET_VECTOR(unsigned, uint, 16)
NETLET_VECTOR(signed char, char, 4)
NETLET_VECTOR(unsigned char, uchar, 4)
NETLET_VECTOR(short, short, 8)
NETLET_VECTOR(unsigned short, ushort, 8)
NETLET_VECTOR(long long, longlong, 32)
#undef NETLET_VECTOR

#include "intrinsics_sim.h"
#include "runtime_sim.h"
#include "warp_sim.h"
