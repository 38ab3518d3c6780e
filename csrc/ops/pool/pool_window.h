// The parts that forward and backward share: windows clipped to the image, cell numbers in memory, pixels of few
// channels.
#pragma once
#include "ops/pool/pool_args.h"
#include "simd/bytes.h"
#include "simd/each_vector.h"
#include "simd/two_source_permute.h"

namespace netlet::NETLET_ISA {

// The part of a window inside the image along one axis: `cells` cells starting at position `first`, after `skipped`
// cells outside.
struct Clip {
    int64_t first, cells, skipped;
};
NETLET_INLINE Clip clip(const PoolShape& s, int axis, int64_t o) {
    const int64_t start = o * s.stride[axis] - s.before[axis];
    const int64_t first = start < 0 ? 0 : start;
    const int64_t end = start + s.window[axis] < s.size[axis] ? start + s.window[axis] : s.size[axis];
    return {first, end - first, first - start};
}

// The outputs whose windows lie inside the image along the last axis.
NETLET_INLINE Range unclipped(const PoolShape& s) {
    const int64_t room = s.size[2] + s.before[2] - s.window[2];
    return {(s.before[2] + s.stride[2] - 1) / s.stride[2], room < 0 ? 0 : room / s.stride[2] + 1};
}
// The intersection of `whole` and r; an empty range at the end of r if there is none.
NETLET_INLINE Range common(Range whole, Range r) {
    const int64_t end = whole.end < r.end ? whole.end : r.end, begin = whole.begin > r.begin ? whole.begin : r.begin;
    return begin < end ? Range{begin, end} : Range{r.end, r.end};
}

// ---- cell numbers: lanes of T in registers (exact up to 2^24), bytes or int32 in memory -----------------------------
NETLET_INLINE void store_cells(Vec<float> v, uint8_t* p, int64_t n) {
    n >= Vec<float>::width ? store_low_bytes(to_int_trunc(v), p) : store_low_bytes_n(to_int_trunc(v), p, n);
}
NETLET_INLINE void store_cells(Vec<float> v, int32_t* p, int64_t n) { to_int_trunc(v).store_n(p, n); }
template <class Index>
NETLET_INLINE void store_cells(Vec<double> v, Index* p, int64_t n) {
    double lanes[Vec<double>::width];
    v.store(lanes);
    for (int64_t i = 0; i < n; ++i) p[i] = (Index)lanes[i];
}
NETLET_INLINE Vec<float> load_cells(const uint8_t* p, int64_t n, float) {
    return to_float(n >= Vec<float>::width ? load_u8(p) : load_u8_n(p, n));
}
NETLET_INLINE Vec<float> load_cells(const int32_t* p, int64_t n, float) { return to_float(VecI::load_n(p, n)); }
template <class Index>
NETLET_INLINE Vec<double> load_cells(const Index* p, int64_t n, double) {
    double lanes[Vec<double>::width] = {};
    for (int64_t i = 0; i < n; ++i) lanes[i] = (double)p[i];
    return Vec<double>::load(lanes);
}

// ---- few channels ---------------------------------------------------------------------------------------------------
// Elements of the row buffers. If several pixels fit a vector and a block of them fits these buffers, rows are
// processed as contiguous elements.
template <class T> constexpr int64_t pool_room = 2 * pool_buffer;
// Elements past their end that whole vectors may read and write.
template <class T> constexpr int64_t pool_slack = 4 * Vec<T>::width;
template <class T>
NETLET_INLINE bool few_channels(const PoolShape& s, int64_t pixels) {
    return Vec<T>::width > 1 && 2 * s.channels <= Vec<T>::width && pixels * s.channels <= pool_room<T>;
}

// Stores n times `value`, rounded up to whole vectors.
template <class T>
NETLET_INLINE void fill(T* p, T value, int64_t n) {
    for (int64_t i = 0; i < n; i += Vec<T>::width) Vec<T>::set1(value).store(p + i);
}

}  // namespace netlet::NETLET_ISA
