// The size of the last cache before memory.
#pragma once
#include <cstdint>

namespace netlet {

// Bytes of the L3 cache as the system reports it, between 8 and 32 MB (a virtual machine may report
// one that it shares); 32 MB if it does not say. Read once.
int64_t last_level_cache();

}  // namespace netlet
