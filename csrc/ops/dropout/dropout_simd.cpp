#include "base/philox.h"
#include "dispatch/kernel_table.h"
#include "ops/dropout/dropout_args.h"

namespace netlet::NETLET_ISA {

// Element i takes word i % 4 of block i / 4, whatever range it is computed in.
template <class T>
NETLET_INLINE void dropout(const DropoutArgs<T>& a, Range r) {
    const T scale = T(1) / (T(1) - T(a.rate));
    const uint32_t step = (uint32_t)*a.step;
    for (int64_t i = r.begin; i < r.end;) {
        const int64_t block = i >> 2, stop = (block + 1) << 2;
        const Philox4 bits = philox(a.seed, a.stream, step, (uint64_t)block);
        for (; i < r.end && i < stop; ++i) {
            const T y = philox_uniform(bits.v[i & 3]) >= a.rate ? a.x[i] * scale : T(0);
            a.y[i] = a.accumulate ? a.y[i] + y : y;
        }
    }
}

NETLET_DEFINE_KERNEL(dropout_f32, DropoutArgs<float>) { dropout(a, r); }
NETLET_DEFINE_KERNEL(dropout_f64, DropoutArgs<double>) { dropout(a, r); }

}  // namespace netlet::NETLET_ISA
