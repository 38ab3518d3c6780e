// Division of indices. A 64-bit division costs a GPU some 70 instructions, a 32-bit one 20.
#pragma once
#include "cuda/launch.h"

namespace netlet::cuda {

struct Quotient {
    int64_t quotient, rest;
};
// a / b and a % b for a >= 0, b > 0.
__device__ inline Quotient divide(int64_t a, int64_t b) {
    if ((a | b) >> 32 == 0) {
        const uint32_t q = (uint32_t)a / (uint32_t)b;
        return {q, (uint32_t)a - q * (uint32_t)b};
    }
    const int64_t q = a / b;
    return {q, a - q * b};
}

}  // namespace netlet::cuda
