// A mode for tests: the memory of new buffers on the host is filled with bytes 0xff, which are NaN or -1, so that a value
// that nobody wrote shows in a result.
#pragma once
#include <atomic>

namespace netlet {

inline std::atomic<bool> poison_new_buffers{false};

}  // namespace netlet
