// Spare bytes of a block, which AddressSanitizer must not take for its contents.
#pragma once
#include <cstddef>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace netlet {

// With AddressSanitizer, each access to [begin, end) is an error until the block is freed. The compiler's masked loads
// and stores are not checked: guard pages are for those (guarded_launch.h).
inline void forbid_access([[maybe_unused]] const std::byte* begin, [[maybe_unused]] const std::byte* end) {
#if defined(__SANITIZE_ADDRESS__)
    __asan_poison_memory_region(begin, (size_t)(end - begin));
#endif
}

}  // namespace netlet
