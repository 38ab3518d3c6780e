// The gradient of a product of one line, on the CPU and in a thread of a GPU.
#pragma once
#include "ops/reduce/reduce_args.h"

namespace netlet {

// The line begins at element `first` of x; dy has one number for each line.
template <class T>
NETLET_INLINE void prod_line_bwd(const ProdBackwardArgs<T>& a, int64_t first, int64_t line) {
    const T* x = a.x + first;
    T *before = a.before + first, *dx = a.dx + first;
    T p = a.dy[line];
    for (int64_t i = 0; i < a.n; ++i) {
        before[i * a.inner] = p;
        p *= x[i * a.inner];
    }
    T behind = 1;
    for (int64_t i = a.n - 1; i >= 0; --i) {
        const T d = before[i * a.inner] * behind;
        dx[i * a.inner] = a.accumulate ? dx[i * a.inner] + d : d;
        behind *= x[i * a.inner];
    }
}

}  // namespace netlet
