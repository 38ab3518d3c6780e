// A block of memory with one owner: either aligned memory of our own or memory borrowed from a NumPy array.
#pragma once
#include <cstddef>
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

  private:
    Buffer() = default;
    std::byte* data_ = nullptr;
    size_t bytes_ = 0;
    void (*release_)(void*) = nullptr;
    void* owner_ = nullptr;
};

}  // namespace netlet
