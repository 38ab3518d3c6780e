// A block of memory with one owner: either aligned memory of our own or memory borrowed from a NumPy array.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/flag.h"

namespace netlet {

class Buffer {
  public:
    static constexpr size_t alignment = 64;  // one cache line, one AVX-512 register

    // Uninitialised memory; throws std::bad_alloc (MemoryError in Python) where there is none.
    static std::shared_ptr<Buffer> allocate(size_t bytes);
    // Somebody else's memory; release(owner) runs when the last user is gone.
    static std::shared_ptr<Buffer> borrow(void* data, size_t bytes, void (*release)(void*), void* owner);

    // Lets a buffer that was borrowed without an owner stand for other memory.
    void point_at(void* data) { data_ = static_cast<std::byte*>(data); }

    ~Buffer();
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    std::byte* data() const { return data_; }
    size_t bytes() const { return bytes_; }

    // Whether the version says everything about the contents: not for borrowed memory, nor where NumPy has a writable view.
    bool tracked() const { return !release_ && !exposed_; }
    void expose() {
        if (!exposed_) exposed_ = true;
    }

    // The version of the contents: what was computed from them is out of date once it differs. It changes before an op or
    // a plan writes and again after that, so that a reader who finds it the same before and after reading, and not
    // `being_written`, has read what it names. Several writers may overlap.
    static constexpr uint64_t one_write = 1 << 16;  // a version is finished writes * one_write + writers at work
    uint64_t version() const {
        std::atomic_thread_fence(std::memory_order_acquire);  // what was read before stays before
        return version_.load(std::memory_order_acquire);
    }
    static bool being_written(uint64_t version) { return version % one_write; }
    uint64_t begin_write() {  // returns the version before it
        const uint64_t before = version_.fetch_add(1, std::memory_order_acquire);
        std::atomic_thread_fence(std::memory_order_release);  // what is written next stays behind
        return before;
    }
    uint64_t end_write() {  // returns the version after it
        return version_.fetch_add(one_write - 1, std::memory_order_release) + one_write - 1;
    }

  private:
    Buffer() = default;
    std::byte* data_ = nullptr;
    size_t bytes_ = 0;
    std::atomic<uint64_t> version_{0};
    Flag exposed_;
    void (*release_)(void*) = nullptr;
    void* owner_ = nullptr;
};

}  // namespace netlet
