// The elements of x from which an element of y is computed, and their weights.
#pragma once
#include "ops/image/affine_taps.h"
#include "ops/image/sample_args.h"

namespace netlet::NETLET_ISA {

// Along one axis: the strided positions of the lower and the upper element (-1: the fill value) and the upper one's
// weight; the lower one's is 1 - upper. Only `low` is set for the nearest element.
template <class T>
struct AxisTaps {
    int64_t low, high;
    T upper;
};

template <class T>
NETLET_INLINE AxisTaps<T> axis_taps(const SampleMap<T>& m, int axis, int32_t index, T upper) {
    const int64_t n = m.n[axis], stride = m.stride[axis];
    const int64_t low = inside(m.fill, index, n);
    AxisTaps<T> taps{low < 0 ? -1 : low * stride, -1, upper};
    if (m.linear) {
        const int64_t high = inside(m.fill, (int64_t)index + 1, n);
        taps.high = high < 0 ? -1 : high * stride;
    }
    return taps;
}

// The index of the nearest element, or of the lower of two and the weight of the upper one.
template <class V>
NETLET_INLINE void index_and_weight(bool linear, V at, V& index, V& upper) {
    at = coordinate(at);
    index = linear ? floor(at) : nearest_index(at);
    upper = at - index;
}

// The position of tap `tap` (bit R - 1 - r says which element along axis r), -1 for the fill value, and its weight.
template <class T>
struct SampleTap {
    int64_t position;
    T weight;
};
template <class T>
NETLET_INLINE SampleTap<T> sample_tap(const SampleMap<T>& m, const AxisTaps<T>* axes, int tap) {
    SampleTap<T> found{0, T(1)};
    for (int axis = 0; axis < m.rank; ++axis) {
        const bool high = (tap >> (m.rank - 1 - axis)) & 1;
        const int64_t position = high ? axes[axis].high : axes[axis].low;
        found.position = position < 0 || found.position < 0 ? -1 : found.position + position;
        if (m.linear) found.weight *= high ? axes[axis].upper : 1 - axes[axis].upper;
    }
    return found;
}

NETLET_INLINE int sample_taps(bool linear, int rank) { return linear ? 1 << rank : 1; }

// The derivative of the tap's weight by the coordinate of `along`.
template <class T>
NETLET_INLINE T weight_slope(const SampleMap<T>& m, const AxisTaps<T>* axes, int tap, int along) {
    T slope = (tap >> (m.rank - 1 - along)) & 1 ? T(1) : T(-1);
    for (int axis = 0; axis < m.rank; ++axis) {
        if (axis == along) continue;
        const bool high = (tap >> (m.rank - 1 - axis)) & 1;
        slope *= high ? axes[axis].upper : 1 - axes[axis].upper;
    }
    return slope;
}

}  // namespace netlet::NETLET_ISA
