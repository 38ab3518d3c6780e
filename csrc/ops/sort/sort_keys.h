// Converts numbers to unsigned integers with the same order, for comparison and radix sort.
#pragma once
#include <string.h>

#include "base/types.h"

namespace netlet::NETLET_ISA {

template <class T> struct KeyOf;
template <> struct KeyOf<float> {
    using type = uint32_t;
};
template <> struct KeyOf<int32_t> {
    using type = uint32_t;
};
template <> struct KeyOf<double> {
    using type = uint64_t;
};
template <> struct KeyOf<int64_t> {
    using type = uint64_t;
};

template <class K> constexpr K top_bit = (K)1 << (8 * sizeof(K) - 1);

NETLET_INLINE uint32_t key_of(int32_t v) { return (uint32_t)v ^ top_bit<uint32_t>; }
NETLET_INLINE uint64_t key_of(int64_t v) { return (uint64_t)v ^ top_bit<uint64_t>; }

// The bits of a positive float rise with its value; those of a negative float fall, so they are inverted.
template <class K, class T>
NETLET_INLINE K key_of_float(T v) {
    K bits;
    memcpy(&bits, &v, sizeof bits);
    const K key = bits & top_bit<K> ? ~bits : bits | top_bit<K>;
    return v != v ? ~(K)0 : v == 0 ? top_bit<K> : key;
}
NETLET_INLINE uint32_t key_of(float v) { return key_of_float<uint32_t>(v); }
NETLET_INLINE uint64_t key_of(double v) { return key_of_float<uint64_t>(v); }

}  // namespace netlet::NETLET_ISA
