#include "dispatch/kernel.h"
#include "ops/copy/convert.h"
#include "ops/copy/copy_args.h"

namespace netlet::NETLET_ISA {

template <class T>
NETLET_INLINE void fill(const FillArgs<T>& a, Range r) {
    for (int64_t i = r.begin; i < r.end; ++i) a.y[i] = a.value;
}

template <class T>
NETLET_INLINE void accumulate(const AccumulateArgs<T>& a, Range r) {
    const T* NETLET_RESTRICT x = a.x;
    T* NETLET_RESTRICT y = a.y;
    if (a.accumulate)
        for (int64_t i = r.begin; i < r.end; ++i) y[i] += x[i];
    else
        for (int64_t i = r.begin; i < r.end; ++i) y[i] = x[i];
}

NETLET_DEFINE_KERNEL(fill_f32, FillArgs<float>) { fill(a, r); }
NETLET_DEFINE_KERNEL(fill_f64, FillArgs<double>) { fill(a, r); }
NETLET_DEFINE_KERNEL(accumulate_f32, AccumulateArgs<float>) { accumulate(a, r); }
NETLET_DEFINE_KERNEL(accumulate_f64, AccumulateArgs<double>) { accumulate(a, r); }

NETLET_DEFINE_KERNEL(cast, CastArgs) {
    const char* x = static_cast<const char*>(a.x) + r.begin * element_bytes(a.from);
    char* y = static_cast<char*>(a.y) + r.begin * element_bytes(a.to);
    convert(a.from, a.to, x, y, r.end - r.begin);
}

NETLET_DEFINE_KERNEL(increment, IncrementArgs) { a.y[0] += 1; }

}  // namespace netlet::NETLET_ISA
