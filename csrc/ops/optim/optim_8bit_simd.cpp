#include "ops/optim/optim_8bit_args.h"

#include <math.h>

#include "dispatch/kernel.h"
#include "ops/optim/block_code_8bit.h"
#include "ops/optim/update_simd.h"

namespace netlet::NETLET_ISA {

namespace {

using V = Vec<float>;

// New state of one block, between its computation and its encoding.
struct Block {
    float values[state_block];
    V largest = V::zero();

    NETLET_MEMBER_INLINE void put(auto lanes, V x, int64_t i) {
        lanes.store(x, values + i);
        largest = max(largest, abs(x));
    }
    // Writes the scale and returns its reciprocal.
    NETLET_MEMBER_INLINE V finish(float* scale) const {
        *scale = scale_of(reduce_max(largest));
        return reciprocal(*scale);
    }
};

// Encodes a block of first moments that begins at element `begin` of the variable.
NETLET_INLINE void encode_signed(const Block& now, uint8_t* codes, float* scale, int64_t begin, int64_t size,
                                 int32_t seed) {
    const V inverse = now.finish(scale);
    each_vector<V>({0, size}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const VecI fraction = low_fraction(random_bits(begin + i, seed));
        store_codes(encode<top_signed>(lanes.load(now.values + i), inverse, fraction), codes + i, lanes.n);
    });
}

// Calls body(begin, size, block) for each block of a range.
template <class Body>
NETLET_INLINE void each_block(int64_t size, Range r, const Body& body) {
    for (int64_t block = r.begin; block < r.end; ++block) {
        const int64_t begin = block * state_block, rest = size - begin;
        body(begin, rest < state_block ? rest : state_block, block);
    }
}

NETLET_INLINE void sgd(const Sgd8bitArgs& a, Range r) {
    if (idle(a.c)) return;
    const Decay<V> decay(a.c);
    const V lr = decay.lr, momentum = V::set1((float)a.momentum);
    const int32_t seed = seed_of(update_number(a.c));
    each_block(a.size, r, [&](int64_t begin, int64_t size, int64_t block) NETLET_INLINE_LAMBDA {
        const float* g = a.g + begin;
        float* p = a.p + begin;
        uint8_t* m = a.m + begin;
        const V scale = V::set1(a.m_scale[block]);
        Block now;
        each_vector<V>({0, size}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
            const V step = lanes.load(g + i) * lr;
            const V kept = decode<top_signed>(load_codes(m + i, lanes.n), scale) * momentum, m1 = kept - step;
            now.put(lanes, m1, i);
            lanes.store(decay(lanes.load(p + i)) - (a.nesterov ? step - m1 * momentum : step - kept), p + i);
        });
        encode_signed(now, m, a.m_scale + block, begin, size, seed);
    });
}

NETLET_INLINE void adam(const Adam8bitArgs& a, Range r) {
    if (idle(a.c)) return;
    const Decay<V> decay(a.c);
    const int64_t t = update_number(a.c);
    const int32_t seed = seed_of(t);
    const Powers kept = powers(a.beta1, a.beta2, t);
    const V alpha = V::set1((float)(*a.c.lr * ::sqrt(1 - kept.b2) / (1 - kept.b1)));
    const V k1 = V::set1((float)(1 - a.beta1)), k2 = V::set1((float)(1 - a.beta2)), epsilon = V::set1((float)a.epsilon);
    each_block(a.size, r, [&](int64_t begin, int64_t size, int64_t block) NETLET_INLINE_LAMBDA {
        const float* g = a.g + begin;
        float* p = a.p + begin;
        uint8_t *m = a.m + begin, *v = a.v + begin;
        const V m_scale = V::set1(a.m_scale[block]), v_scale = V::set1(a.v_scale[block]);
        Block m_now, v_now;
        each_vector<V>({0, size}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
            const V g1 = lanes.load(g + i), m0 = decode<top_signed>(load_codes(m + i, lanes.n), m_scale);
            const V v0 = decode<top_unsigned>(load_codes(v + i, lanes.n), v_scale);
            const V m1 = m0 + (g1 - m0) * k1, v1 = v0 + (g1 * g1 - v0) * k2;
            m_now.put(lanes, m1, i);
            v_now.put(lanes, v1, i);
            lanes.store(decay(lanes.load(p + i)) - m1 * alpha / (sqrt(v1) + epsilon), p + i);
        });
        const V m_inverse = m_now.finish(a.m_scale + block), v_inverse = v_now.finish(a.v_scale + block);
        each_vector<V>({0, size}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
            const VecI random = random_bits(begin + i, seed);
            const V m1 = lanes.load(m_now.values + i), v1 = lanes.load(v_now.values + i);
            store_codes(encode<top_signed>(m1, m_inverse, low_fraction(random)), m + i, lanes.n);
            store_codes(encode<top_unsigned>(v1, v_inverse, high_fraction(random)), v + i, lanes.n);
        });
    });
}

NETLET_INLINE void lion(const Lion8bitArgs& a, Range r) {
    if (idle(a.c)) return;
    const Decay<V> decay(a.c);
    const V lr = decay.lr, beta1 = V::set1((float)a.beta1), beta2 = V::set1((float)a.beta2);
    const V rest1 = V::set1(1) - beta1, rest2 = V::set1(1) - beta2;
    const int32_t seed = seed_of(update_number(a.c));
    each_block(a.size, r, [&](int64_t begin, int64_t size, int64_t block) NETLET_INLINE_LAMBDA {
        const float* g = a.g + begin;
        float* p = a.p + begin;
        uint8_t* m = a.m + begin;
        const V scale = V::set1(a.m_scale[block]);
        Block now;
        each_vector<V>({0, size}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
            const V g1 = lanes.load(g + i), m0 = decode<top_signed>(load_codes(m + i, lanes.n), scale);
            now.put(lanes, m0 * beta2 + g1 * rest2, i);
            lanes.store(decay(lanes.load(p + i)) - lr * sign(m0 * beta1 + g1 * rest1), p + i);
        });
        encode_signed(now, m, a.m_scale + block, begin, size, seed);
    });
}

}  // namespace

NETLET_DEFINE_KERNEL(sgd_8bit, Sgd8bitArgs) { sgd(a, r); }
NETLET_DEFINE_KERNEL(adam_8bit, Adam8bitArgs) { adam(a, r); }
NETLET_DEFINE_KERNEL(lion_8bit, Lion8bitArgs) { lion(a, r); }

}  // namespace netlet::NETLET_ISA
