// An access of a kernel to memory that it may not access ends the kernel with an error, not the process.
#pragma once
#include <csignal>

namespace netlet::sim {

// While it lives, a segmentation fault of this thread calls fail().
class CatchMemoryFaults {
  public:
    CatchMemoryFaults();
    ~CatchMemoryFaults();
    CatchMemoryFaults(const CatchMemoryFaults&) = delete;

  private:
    struct sigaction before_;
    stack_t stack_before_;
};

}  // namespace netlet::sim
