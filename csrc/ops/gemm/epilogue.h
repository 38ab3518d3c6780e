// c = act(c) on a block that is still in the cache: the last step of a product with a fused activation.
#pragma once
#include "ops/activation/fusable_activations.h"
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

template <Activation act, class T>
static void activate_block(T* c, int64_t ldc, int64_t rows, int64_t columns, T alpha) {
    using V = Vec<T>;
    for (int64_t i = 0; i < rows; ++i, c += ldc) {
        int64_t j = 0;
        for (; j + V::width <= columns; j += V::width) activate(act, V::load(c + j), alpha).store(c + j);
        if (j < columns) activate(act, V::load_n(c + j, columns - j), alpha).store_n(c + j, columns - j);
    }
}

template <class T>
NETLET_INLINE void epilogue(Activation act, double alpha, T* c, int64_t ldc, int64_t rows, int64_t columns) {
#define NETLET_CASE(name)                                                                                              \
    case Activation::name: return activate_block<Activation::name>(c, ldc, rows, columns, (T)alpha);
    switch (act) {
        NETLET_FUSABLE_ACTIVATIONS(NETLET_CASE)
        default: return;  // linear; ops do not fuse any other
    }
#undef NETLET_CASE
}

}  // namespace netlet::NETLET_ISA
