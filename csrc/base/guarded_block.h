// Memory between two inaccessible pages, for tests: an access beyond it ends the process, or is found afterwards.
#pragma once
#include <cstddef>

namespace netlet {

class GuardedBlock {
  public:
    // Which end of the block borders on an inaccessible page. The other end does only if the size is that of whole pages.
    enum class Border { begin, end };

    // Fills the block, and the rest of its pages, with bytes `fill`.
    GuardedBlock(size_t bytes, Border border, unsigned char fill);
    ~GuardedBlock();
    GuardedBlock(const GuardedBlock&) = delete;
    GuardedBlock& operator=(const GuardedBlock&) = delete;

    std::byte* data() const { return data_; }
    size_t bytes() const { return bytes_; }
    bool rest_is_untouched() const;                   // the rest of the pages still holds `fill`
    bool is_beside_or_in(const void* address) const;  // in the pages of the block or one of the inaccessible ones

  private:
    std::byte *mapping_ = nullptr, *data_ = nullptr;
    size_t pages_, bytes_;  // both in bytes
    unsigned char fill_;
};

// Calls `report` with the address of an invalid access before the process ends as it would have otherwise.
void report_invalid_access(void (*report)(const void* address));

}  // namespace netlet
