// The bucket of a prediction among rising thresholds, and whether a number names a class.
#pragma once
#include "base/types.h"

namespace netlet::NETLET_ISA {

// The number of thresholds below x, 0 for NaN. Selects, no branches: what they would depend on is random.
template <class T>
NETLET_INLINE int64_t thresholds_below(const T* thresholds, int64_t count, T x) {
    int64_t below = 0;
    if (count <= 8) {
        for (int64_t i = 0; i < count; ++i) below += x > thresholds[i];
        return below;
    }
    for (int64_t left = count; left > 0;) {
        const int64_t half = (left + 1) / 2;
        below += x > thresholds[below + half - 1] ? half : 0;
        left -= half;
    }
    return below;
}

// ceil(x * scale) for x clipped to [0, 1], 0 for NaN.
template <class T>
NETLET_INLINE int64_t even_bucket(T scale, T x) {
    const T scaled = (x > T(0) ? (x < T(1) ? x : T(1)) : T(0)) * scale;
    const int64_t whole = (int64_t)scaled;
    return whole + ((T)whole < scaled);
}

// Whether v names one of the classes; a fraction is cut off, as a cast to an integer does.
NETLET_INLINE bool names_a_class(double v, int64_t classes) { return v > -1 && v < (double)classes; }

}  // namespace netlet::NETLET_ISA
