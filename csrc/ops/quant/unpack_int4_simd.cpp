// Plain loops over bytes: the compiler turns them into full vectors of bytes, which no type in simd/ has.
#include "dispatch/kernel.h"
#include "ops/quant/unpack_int4_args.h"

namespace netlet::NETLET_ISA {

namespace {

NETLET_INLINE int8_t low_code(uint8_t b) { return (int8_t)((uint8_t)((b & 15) ^ 8) - 8); }
NETLET_INLINE int8_t high_code(uint8_t b) { return (int8_t)((uint8_t)((b >> 4) ^ 8) - 8); }

// The codes of n bytes, each byte's two beside each other.
NETLET_INLINE void unpack_line(const uint8_t* NETLET_RESTRICT packed, int8_t* NETLET_RESTRICT q, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        q[2 * i] = low_code(packed[i]);
        q[2 * i + 1] = high_code(packed[i]);
    }
}

// The codes of n bytes in two rows.
NETLET_INLINE void unpack_rows(const uint8_t* NETLET_RESTRICT packed, int8_t* NETLET_RESTRICT low,
                               int8_t* NETLET_RESTRICT high, int64_t n) {
    for (int64_t k = 0; k < n; ++k) {
        low[k] = low_code(packed[k]);
        high[k] = high_code(packed[k]);
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(unpack_int4, UnpackInt4Args) {
    const int64_t whole = a.size / 2, bytes = (a.size + 1) / 2, inner = a.inner;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        if (inner == 1) {
            const uint8_t* packed = a.packed + unit * bytes;
            int8_t* q = a.q + unit * a.size;
            unpack_line(packed, q, whole);
            if (bytes > whole) q[2 * whole] = low_code(packed[whole]);
            continue;
        }
        const int64_t o = unit / bytes, i = unit % bytes;
        const uint8_t* packed = a.packed + unit * inner;
        int8_t* q = a.q + (o * a.size + 2 * i) * inner;
        if (i < whole)
            unpack_rows(packed, q, q + inner, inner);
        else
            for (int64_t k = 0; k < inner; ++k) q[k] = low_code(packed[k]);
    }
}

}  // namespace netlet::NETLET_ISA
