// 4-bit codes, two in a byte, as int8 (Keras: quantizers.unpack_int4).
//
//     q[o, 2 i, k] = low nibble of packed[o, i, k]       q[o, 2 i + 1, k] = its high nibble
//
// A nibble is a two's complement number from -8 to 7. packed is (outer, ceil(size / 2), inner), q (outer, size, inner).
// The high nibbles of the last bytes are padding where size is odd.
#pragma once
#include "base/types.h"

namespace netlet {

// A work unit is the bytes packed[o, i, :] if inner > 1, and the line packed[o, :] if inner is 1.
struct UnpackInt4Args {
    const uint8_t* packed;
    int8_t* q;
    int64_t size, inner;
};

}  // namespace netlet
