// SGD with momentum, Adam and Lion with their state in 8 bits (Dettmers et al., 2022). One variable: p, g (size,) float32.
// A slot is one byte per element, codes (size,), and one float32 per block of 256 elements, scale (ceil(size / 256),):
// 0.254 of float32's bytes. block_code_8bit.h has the code.
//
// An update decodes a block, computes the float32 update of optim_args.h and adaptive_args.h (without fma, so that every
// instruction set gets the same bits), and encodes the new state relative to its new maximum. The parameters see the
// new state before it is rounded. A work unit is a block. Blocks begin at the variable's first element, so they do
// not depend on threads or on the variable's neighbours.
//
// A NaN or infinity in a block's state makes the block's scale, and with it all of the block's state, not finite.
#pragma once
#include "ops/optim/optim_cells.h"

namespace netlet {

constexpr int64_t state_block = 256;

struct Sgd8bitArgs {
    OptimCells c;
    int64_t size;
    const float* g;
    float* p;
    uint8_t* m;
    float* m_scale;
    double momentum;
    bool nesterov;
};

struct Adam8bitArgs {
    OptimCells c;
    int64_t size;
    const float* g;
    float* p;
    uint8_t *m, *v;
    float *m_scale, *v_scale;
    double beta1, beta2, epsilon;
};

struct Lion8bitArgs {
    OptimCells c;
    int64_t size;
    const float* g;
    float* p;
    uint8_t* m;
    float* m_scale;
    double beta1, beta2;
};

}  // namespace netlet
