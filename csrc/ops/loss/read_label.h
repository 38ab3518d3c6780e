// Reads class labels of any type as integers.
#pragma once
#include "base/types.h"

namespace netlet::NETLET_ISA {

// Floats are truncated, as by Keras's cast. A value outside int64 is not a valid label.
NETLET_INLINE int64_t whole(double value) { return value > -9e18 && value < 9e18 ? (int64_t)value : INT64_MIN; }
NETLET_INLINE int64_t whole(float value) { return whole((double)value); }

NETLET_INLINE int64_t label(const void* labels, DType type, int64_t row) {
    switch (type) {
        case DType::f32: return whole(static_cast<const float*>(labels)[row]);
        case DType::f64: return whole(static_cast<const double*>(labels)[row]);
        case DType::i32: return static_cast<const int32_t*>(labels)[row];
        case DType::i64: return static_cast<const int64_t*>(labels)[row];
        case DType::i8: return static_cast<const int8_t*>(labels)[row];
        default: return static_cast<const uint8_t*>(labels)[row];
    }
}

}  // namespace netlet::NETLET_ISA
