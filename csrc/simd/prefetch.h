// Asks for the lines of memory in [p, p + bytes), to be in the cache when they are read: a hint.
#pragma once
#include "base/types.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE void prefetch([[maybe_unused]] const void* p, [[maybe_unused]] int64_t bytes) {
#if defined(__GNUC__)
    for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch((const char*)p + i);
#endif
}

}  // namespace netlet::NETLET_ISA
