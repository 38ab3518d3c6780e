// Argument checks of the normalizations.
#pragma once
#include <initializer_list>

#include "ops/copy/copy.h"

namespace netlet::ops {

struct ChannelVector {
    const char* name;
    const Tensor& value;  // may be null
};

inline void check_channels(const char* op, const Tensor& x, std::initializer_list<ChannelVector> vectors) {
    check_floating(op, x);
    if (x->shape.rank() < 1)
        throw ValueError(std::string(op) + ": expected x with at least one axis, received a scalar");
    for (const ChannelVector& v : vectors) {
        if (!v.value) continue;
        check_same_dtype(op, x, v.value);
        if (v.value->shape != Shape{x->shape.back()})
            throw ValueError(std::string(op) + ": expected " + v.name + " of shape " + Shape{x->shape.back()}.str() +
                             ", one number for each channel of x " + x->shape.str() + ", received " +
                             v.value->shape.str());
    }
}

}  // namespace netlet::ops
