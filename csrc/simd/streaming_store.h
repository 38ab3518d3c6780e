// Stores that go to memory without reading the line into the caches first (non-temporal stores), for results that are
// larger than the caches. p is a multiple of the vector's size. Where the ISA has none these are ordinary stores.
#pragma once
#include "simd/scalar_lane.h"
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

template <class V>
NETLET_INLINE void streaming_store(V v, typename V::Scalar* p) {
    v.store(p);
}
#if defined(NETLET_VEC_AVX512)
NETLET_INLINE void streaming_store(Vec<float> v, float* p) { _mm512_stream_ps(p, v.r); }
NETLET_INLINE void streaming_store(Vec<double> v, double* p) { _mm512_stream_pd(p, v.r); }
// Orders the stores before what the thread writes next, such as the flag that its work is done.
NETLET_INLINE void finish_streaming() { _mm_sfence(); }
template <class V> constexpr bool streams = V::width > 1;
#elif defined(NETLET_VEC_AVX2)
NETLET_INLINE void streaming_store(Vec<float> v, float* p) { _mm256_stream_ps(p, v.r); }
NETLET_INLINE void streaming_store(Vec<double> v, double* p) { _mm256_stream_pd(p, v.r); }
NETLET_INLINE void finish_streaming() { _mm_sfence(); }
template <class V> constexpr bool streams = V::width > 1;
#else
NETLET_INLINE void finish_streaming() {}
template <class V> constexpr bool streams = false;
#endif

}  // namespace netlet::NETLET_ISA
