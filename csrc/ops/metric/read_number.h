// Reads class labels of any dtype.
#pragma once
#include "base/types.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE double number_at(const void* labels, DType type, int64_t i) {
    switch (type) {
        case DType::f32: return (double)static_cast<const float*>(labels)[i];
        case DType::f64: return static_cast<const double*>(labels)[i];
        case DType::i32: return (double)static_cast<const int32_t*>(labels)[i];
        case DType::i64: return (double)static_cast<const int64_t*>(labels)[i];
        case DType::i8: return (double)static_cast<const int8_t*>(labels)[i];
        default: return (double)static_cast<const uint8_t*>(labels)[i];
    }
}

}  // namespace netlet::NETLET_ISA
