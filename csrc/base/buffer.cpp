#include "base/buffer.h"

#include <cstring>
#include <new>

namespace netlet {

std::shared_ptr<Buffer> Buffer::allocate(size_t bytes) {
    std::shared_ptr<Buffer> b(new Buffer);
    // One register more than asked for, and touched: a masked load whose unused lanes reach into a page that nobody has
    // touched yet takes 370 ns instead of 1, every time, and a masked store 190.
    b->data_ = static_cast<std::byte*>(::operator new(bytes + alignment, std::align_val_t{alignment}));
    std::memset(b->data_ + bytes, 0, alignment);
    b->bytes_ = bytes;
    return b;
}

std::shared_ptr<Buffer> Buffer::borrow(void* data, size_t bytes, void (*release)(void*), void* owner) {
    std::shared_ptr<Buffer> b(new Buffer);
    b->data_ = static_cast<std::byte*>(data);
    b->bytes_ = bytes;
    b->release_ = release;
    b->owner_ = owner;
    return b;
}

Buffer::~Buffer() {
    if (release_)
        release_(owner_);
    else if (data_)
        ::operator delete(data_, std::align_val_t{alignment});
}

}  // namespace netlet
