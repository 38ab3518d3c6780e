#include "base/buffer.h"

#include <cstdint>
#include <cstring>
#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "base/error.h"
#include "base/poison.h"
#include "base/red_zone.h"

namespace netlet {

namespace {

// glibc's aligned allocation bypasses the thread-local cache and takes 100 ns longer than malloc, a third of a small
// matrix product. Blocks up to this size use plain `operator new` (malloc) with room to align the data inside; `owner_`
// is the whole block.
constexpr size_t small = 1 << 15;

// Asks the system for 2 MB pages. The first touch of a page costs about 0.2 us, which for a 4 KB page is more than
// copying it.
void ask_for_huge_pages([[maybe_unused]] std::byte* p, [[maybe_unused]] size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    constexpr size_t page = 4096;
    const size_t skipped = (page - (uintptr_t)p % page) % page;
    madvise(p + skipped, (bytes - skipped) / page * page, MADV_HUGEPAGE);
#endif
}

constexpr size_t huge_page = size_t{1} << 21;
// Large blocks ask for huge pages wherever they begin, as those of NumPy do.
constexpr size_t large = 2 * huge_page;

// The bytes of an arena that begins at a huge page: whole pages, if it fills a quarter of the last one.
size_t arena_room(size_t bytes) {
    const size_t rest = bytes % huge_page;
    return rest >= huge_page / 4 ? bytes - rest + huge_page : bytes;
}

}  // namespace

std::shared_ptr<Buffer> Buffer::allocate(size_t bytes) { return allocate_block(bytes, false); }

std::shared_ptr<Buffer> Buffer::allocate_arena(size_t bytes, Device device) {
    return device.is_cpu() ? allocate_block(bytes, true) : allocate(bytes, device);
}

std::shared_ptr<Buffer> Buffer::allocate_block(size_t bytes, bool arena) {
    std::shared_ptr<Buffer> b(new Buffer);
    // Each block has one extra register of memory at its end, which the memset below touches. Where unused lanes of a
    // masked access reach into an untouched page, every load takes 370 ns instead of 1, and every store 190.
    if (bytes <= small) {
        b->owner_ = ::operator new(bytes + 2 * alignment, std::nothrow);
        if (!b->owner_) throw std::bad_alloc();
        void* aligned = b->owner_;
        size_t room = bytes + 2 * alignment;
        b->data_ = static_cast<std::byte*>(std::align(alignment, bytes + alignment, aligned, room));
        forbid_access(static_cast<std::byte*>(b->owner_), b->data_);
    } else {
        // Uses the nothrow form: when memory runs out under AddressSanitizer, the throwing form ends the process.
        size_t room = bytes + alignment;
        if (arena && room >= huge_page / 4) {
            room = arena_room(room);
            b->alignment_ = huge_page;
        }
        b->data_ = static_cast<std::byte*>(::operator new(room, std::align_val_t{b->alignment_}, std::nothrow));
        if (!b->data_) throw std::bad_alloc();
        if (b->alignment_ == huge_page || room >= large) ask_for_huge_pages(b->data_, room);
    }
    std::memset(b->data_ + bytes, 0, alignment);
    forbid_access(b->data_ + bytes, b->data_ + bytes + alignment);
    if (poison_new_buffers.load(std::memory_order_relaxed)) std::memset(b->data_, 0xff, bytes);
    b->bytes_ = bytes;
    return b;
}

std::shared_ptr<Buffer> Buffer::borrow(void* data, size_t bytes, void (*release)(void*), void* owner, Device device) {
    std::shared_ptr<Buffer> b(new Buffer);
    b->data_ = static_cast<std::byte*>(data);
    b->bytes_ = bytes;
    b->release_ = release;
    b->owner_ = owner;
    b->device_ = device;
    return b;
}

std::shared_ptr<Buffer> Buffer::allocate(size_t bytes, Device device) {
    if (device.is_cpu()) return allocate(bytes);
    const DeviceLock lock(device);
    Backend& backend = backend_of(device);
    std::shared_ptr<Buffer> b(new Buffer);
    void* memory = nullptr;
    check_device(device, backend.allocate(device.index, bytes + !bytes, memory), "allocation");
    if (!memory) throw OutOfDeviceMemory(device.str(), (int64_t)bytes, info_of(device).free_bytes);
    b->data_ = static_cast<std::byte*>(memory);
    b->bytes_ = bytes;
    b->device_ = device;
    return b;
}

void Buffer::must_be_on_host() const {
    if (!on_host()) throw RuntimeError("expected a value in the host's memory, received one on " + device_.str());
}

void Buffer::release_device_memory() {
    if (on_host() || (release_ && !host_)) return;  // a borrowed block belongs to its owner
    const DeviceLock lock(device_);
    if (data_) backend_of(device_).release(device_.index, data_);
}

void Buffer::move_to(Device device) {
    if (device == device_) return;
    if (!host_ && on_host()) host_ = data_;
    if (!host_) {  // made on a device
        const auto block = allocate(bytes_);
        std::swap(host_, block->data_);
        std::swap(owner_, block->owner_);
    }
    begin_write();
    if (!on_host()) {
        const DeviceLock lock(device_);
        check_device(device_, backend_of(device_).to_host(device_.index, host_, data_, bytes_), "copy");
    }
    std::shared_ptr<Buffer> block;
    if (!device.is_cpu()) {
        block = allocate(bytes_, device);
        const DeviceLock lock(device);
        check_device(device, backend_of(device).to_device(device.index, block->data_, host_, bytes_), "copy");
    }
    release_device_memory();
    device_ = device;
    data_ = host_;
    if (block) {
        data_ = block->data_;
        block->data_ = nullptr;
    }
    end_write();
}

Buffer::~Buffer() {
    release_device_memory();
    std::byte* host = on_host() ? data_ : host_;
    if (release_)
        release_(owner_);
    else if (owner_)
        ::operator delete(owner_);
    else if (host)
        ::operator delete(host, std::align_val_t{alignment_});
}

}  // namespace netlet
