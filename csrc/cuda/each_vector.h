// each_vector (simd/each_vector.h) on a GPU: the threads of the grid share the vectors. Accesses are of 16 bytes if
// every pointer that the body uses allows them. To find out, the body first runs on lanes that only collect addresses;
// the compiler removes the rest of that run.
#pragma once
#include "cuda/launch.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

template <class V>
struct AlignedLanes {
    using T = typename V::Scalar;
    NETLET_MEMBER_INLINE V load(const T* p) const { return V::load_aligned(p); }
    NETLET_MEMBER_INLINE void store(V v, T* p) const { v.store_aligned(p); }
    NETLET_MEMBER_INLINE V or_zero(V v) const { return v; }
};

template <class V>
struct AddressLanes {
    using T = typename V::Scalar;
    uint64_t* bits;
    NETLET_MEMBER_INLINE V load(const T* p) const {
        *bits |= (uint64_t)p;
        return V::zero();
    }
    NETLET_MEMBER_INLINE void store(V, T* p) const { *bits |= (uint64_t)p; }
    NETLET_MEMBER_INLINE V or_zero(V) const { return V::zero(); }
};

// The vectors of r that thread number `thread` of `threads` takes.
template <class V, class Body>
NETLET_INLINE void each_vector_of(int64_t thread, int64_t threads, Range r, const Body& body) {
    constexpr int64_t w = V::width;
    int64_t i = r.begin + thread * w;
    uint64_t bits = 0;
    body(AddressLanes<V>{&bits}, i);
    if (bits % 16 == 0)
        for (; i + w <= r.end; i += threads * w) body(AlignedLanes<V>{}, i);
    else
        for (; i + w <= r.end; i += threads * w) body(AllLanes<V>{}, i);
    if (i < r.end) body(FirstLanes<V>{r.end - i}, i);
}

template <class V, class Body>
NETLET_INLINE void each_vector([[maybe_unused]] Range r, [[maybe_unused]] const Body& body) {
#if defined(__CUDA_ARCH__) || !defined(__CUDACC__)
    each_vector_of<V>(cuda::first_index(), cuda::all_threads(), r, body);
#endif
}

// The same where each block has a range of its own.
template <class V, class Body>
__device__ inline void each_vector_of_block(Range r, const Body& body) {
    each_vector_of<V>(threadIdx.x, blockDim.x, r, body);
}

}  // namespace netlet::NETLET_ISA
