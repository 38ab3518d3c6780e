// A block of memory with one owner: either aligned memory of our own or memory borrowed from a NumPy array.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

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

    // How often the contents have been written by an op or by a plan: what was computed from them and kept is stale once
    // this has moved.
    // Only for memory that nobody else can write: not for borrowed memory, nor where NumPy has a writable view of it.
    bool tracked() const { return !release_ && !exposed_; }
    void expose() { exposed_ = true; }
    uint64_t version() const { return version_.load(std::memory_order_relaxed); }
    void touch() { version_.store(version() + 1, std::memory_order_relaxed); }

  private:
    Buffer() = default;
    std::byte* data_ = nullptr;
    size_t bytes_ = 0;
    std::atomic<uint64_t> version_{0};
    bool exposed_ = false;
    void (*release_)(void*) = nullptr;
    void* owner_ = nullptr;
};

}  // namespace netlet
