// Prefetches the cache lines of [p, p + bytes). It is a hint: the results do not depend on it.
#pragma once
#include "base/types.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE void prefetch([[maybe_unused]] const void* p, [[maybe_unused]] int64_t bytes) {
#if defined(__GNUC__)
    for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch((const char*)p + i);
#endif
}

}  // namespace netlet::NETLET_ISA
