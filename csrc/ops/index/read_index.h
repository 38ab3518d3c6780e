// Reads positions of either integer type.
#pragma once
#include "base/types.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE int64_t index_at(const void* index, DType dtype, int64_t i) {
    return dtype == DType::i32 ? (int64_t)static_cast<const int32_t*>(index)[i] : static_cast<const int64_t*>(index)[i];
}

// Counts positions below 0 from the end. Returns -1 if the position is out of range.
NETLET_INLINE int64_t wrap_index(int64_t position, int64_t n) {
    const int64_t at = position < 0 ? position + n : position;
    return at >= 0 && at < n ? at : -1;
}

}  // namespace netlet::NETLET_ISA
