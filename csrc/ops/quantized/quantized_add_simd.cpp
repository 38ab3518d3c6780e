#include "ops/quantized/quantized_add_args.h"

#include "dispatch/kernel.h"
#include "ops/quant/requantize.h"

namespace netlet::NETLET_ISA {

namespace {

using V = Vec<float>;

// An operand's numbers in float32.
struct CodesReader {
    const uint8_t* q;
    const float* values;  // q if it is float32
    V scale, zero;
    bool is_signed;
    explicit NETLET_MEMBER_INLINE CodesReader(const CodesOperand& x)
        : q(static_cast<const uint8_t*>(x.q)),
          values(x.scale ? nullptr : static_cast<const float*>(x.q)),
          scale(V::set1(x.scale ? *x.scale : 1.0f)),
          zero(V::set1((float)code_at(x.zero, 0, x.is_signed))),
          is_signed(x.is_signed) {}
    template <class Lanes> NETLET_MEMBER_INLINE V load(Lanes lanes, int64_t i) const {
        if (values) return lanes.load(values + i);
        const bool whole = lanes.n == VecI::width;
        const VecI c = is_signed ? (whole ? load_i8(q + i) : load_i8_n(q + i, lanes.n))
                                 : (whole ? load_u8(q + i) : load_u8_n(q + i, lanes.n));
        return (to_float(c) - zero) * scale;
    }
};

struct CodesWriter {
    void* q;
    bool codes;
    CodeQuantizer quantizer;
    explicit NETLET_MEMBER_INLINE CodesWriter(const CodesResult& y)
        : q(y.q),
          codes(y.scale != nullptr),
          quantizer(y.scale ? *y.scale : 1.0f, code_at(y.zero, 0, y.is_signed), y.is_signed) {}
    template <class Lanes> NETLET_MEMBER_INLINE void store(Lanes lanes, V v, int64_t i) const {
        if (codes)
            store_codes(lanes, quantizer.codes(v), static_cast<uint8_t*>(q) + i);
        else
            store_values(lanes, v, static_cast<float*>(q) + i);
    }
};

}  // namespace

NETLET_DEFINE_KERNEL(quantized_add, QuantizedAddArgs) {
    const CodesReader left(a.a), right(a.b);
    const CodesWriter y(a.y);
    const float alpha = (float)a.alpha;
    with_activation(a.act, [&]<Activation act>() NETLET_INLINE_LAMBDA {
        each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
            y.store(lanes, activate(act, left.load(lanes, i) + right.load(lanes, i), alpha), i);
        });
    });
}

NETLET_DEFINE_KERNEL(requantize, RequantizeArgs) {
    const CodesReader x(a.x);
    const CodesWriter y(a.y);
    each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA { y.store(lanes, x.load(lanes, i), i); });
}

}  // namespace netlet::NETLET_ISA
