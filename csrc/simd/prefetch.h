// Prefetches the cache lines of [p, p + bytes). It is a hint: the results do not depend on it.
#pragma once
#include "base/types.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE void prefetch(const void* p, int64_t bytes) {
    for (int64_t i = 0; i < bytes; i += 64) NETLET_PREFETCH((const char*)p + i);
}

// Operands of more bytes than this are fetched ahead. Smaller ones stay in the L2 cache, and fetching them costs time.
constexpr int64_t prefetched_bytes = 1024 * 1024;

// Into the L2 cache, for what is read only later.
NETLET_INLINE void prefetch_far(const void* p, int64_t bytes) {
    for (int64_t i = 0; i < bytes; i += 64) NETLET_PREFETCH_FAR((const char*)p + i);
}

}  // namespace netlet::NETLET_ISA
