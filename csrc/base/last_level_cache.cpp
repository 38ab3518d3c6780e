#include "base/last_level_cache.h"

#include <algorithm>
#if defined(__linux__)
#include <unistd.h>
#endif

namespace netlet {

int64_t last_level_cache() {
    static const int64_t size = [] {
        int64_t reported = 0;
#if defined(_SC_LEVEL3_CACHE_SIZE)
        reported = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
        constexpr int64_t mb = 1 << 20;
        return reported > 0 ? std::clamp(reported, 8 * mb, 32 * mb) : 32 * mb;
    }();
    return size;
}

}  // namespace netlet
