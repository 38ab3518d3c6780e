// A block of memory: either aligned memory that the buffer allocates and frees, on the host or on a device, or memory
// borrowed from a NumPy array.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/device.h"
#include "base/flag.h"

namespace netlet {

class Buffer {
  public:
    static constexpr size_t alignment = 64;  // one cache line, one AVX-512 register

    // Returns uninitialised memory. Throws std::bad_alloc (MemoryError in Python) when memory runs out.
    static std::shared_ptr<Buffer> allocate(size_t bytes);
    // The same in the memory of a device. Throws OutOfDeviceMemory, which names what is free.
    static std::shared_ptr<Buffer> allocate(size_t bytes, Device device);
    // The same for memory that kernels read and write again and again. On the host it lies on pages of 2 MB where the
    // system has them: with pages of 4 KB some matrix products took a fifth longer on a virtual machine.
    static std::shared_ptr<Buffer> allocate_arena(size_t bytes, Device device);
    // Wraps memory that `owner` owns; release(owner) runs when the last reference to the buffer goes away.
    static std::shared_ptr<Buffer> borrow(void* data, size_t bytes, void (*release)(void*), void* owner,
                                          Device device = {});

    // Moves the values to the memory of a device or back: every tensor that shares the buffer follows. Nobody may use
    // them meanwhile. The host's memory is kept, because NumPy may have views of it.
    void move_to(Device device);

    // Points a buffer that was borrowed without an owner at other memory.
    void point_at(void* data) { data_ = static_cast<std::byte*>(data); }
    // The same for a borrowed buffer whose memory its owner names later.
    void place(void* data, size_t bytes, Device device) {
        point_at(data);
        bytes_ = bytes;
        device_ = device;
    }

    // Whether the contents may not be written: a read-only NumPy array or file mapping, an array of JAX.
    bool read_only() const { return read_only_; }
    void forbid_writing() { read_only_ = true; }

    ~Buffer();
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    std::byte* data() const { return data_; }
    size_t bytes() const { return bytes_; }
    Device device() const { return device_; }  // where the memory is
    bool on_host() const { return device_.is_cpu(); }
    void must_be_on_host() const;  // RuntimeError otherwise

    // True if every write to the contents changes the version: false for borrowed memory, and once NumPy has a
    // writable view.
    bool tracked() const { return !release_ && !exposed_; }
    void expose() {
        if (!exposed_) exposed_ = true;
    }

    // The version of the contents. Results computed from the contents are out of date once the version differs. An op
    // or a plan changes the version before it writes and again afterwards. A reader that finds the same version before
    // and after reading, with `being_written` false, has read the contents of that version. Several writers may
    // overlap.
    static constexpr uint64_t one_write = 1 << 16;  // version = finished writes * one_write + active writers
    uint64_t version() const {
        std::atomic_thread_fence(std::memory_order_acquire);  // earlier reads stay before the load
        return version_.load(std::memory_order_acquire);
    }
    static bool being_written(uint64_t version) { return version % one_write; }
    uint64_t begin_write() {  // returns the version before this write
        const uint64_t before = version_.fetch_add(1, std::memory_order_acquire);
        std::atomic_thread_fence(std::memory_order_release);  // later writes stay after the addition
        return before;
    }
    uint64_t end_write() {  // returns the version after this write
        return version_.fetch_add(one_write - 1, std::memory_order_release) + one_write - 1;
    }

  private:
    Buffer() = default;
    static std::shared_ptr<Buffer> allocate_block(size_t bytes, bool arena);
    void release_device_memory();

    std::byte* data_ = nullptr;
    size_t bytes_ = 0;
    size_t alignment_ = alignment;
    Device device_;
    std::byte* host_ = nullptr;  // the host's memory while the values are on a device that they were moved to
    std::atomic<uint64_t> version_{0};
    Flag exposed_;
    bool read_only_ = false;
    void (*release_)(void*) = nullptr;
    void* owner_ = nullptr;
};

}  // namespace netlet
