// A tensor: shape, element type, and where its bytes are. Always contiguous and row-major.
#pragma once
#include <cstdint>
#include <memory>
#include <type_traits>

#include "base/buffer.h"
#include "base/dtype.h"
#include "base/flag.h"
#include "base/shape.h"

namespace netlet {

struct TensorImpl {
    Shape shape;
    DType dtype = DType::f32;
    // Either memory that exists now (eager results, parameters, borrowed NumPy arrays) ...
    std::shared_ptr<Buffer> buffer;
    // ... or, inside a recording, a slot whose place in the plan's arena is decided when recording ends.
    int slot = -1;
    uint64_t recording = 0;  // which recording the slot belongs to
    int64_t offset = 0;      // bytes from the start of the buffer or the slot
    Flag requires_grad;
    Flag variable;  // the value of a Variable: NumPy sees it read-only, so that only ops write it
    // Which time steps of a sequence count. Layers read and set it with the GIL held; ops, which run without the GIL,
    // do not access it.
    std::shared_ptr<TensorImpl> mask;

    int64_t size() const { return shape.size(); }
    int64_t bytes() const {
        int64_t n;
        if (multiply_overflows(size(), (int64_t)size_of(dtype), &n))
            throw ValueError("a tensor of shape " + shape.str() + " has too many bytes");
        return n;
    }
    bool recorded() const { return slot >= 0; }
    Device device() const { return buffer ? buffer->device() : Device{}; }
    // The values. With a type T they are meant to be read or written here, so they must be in the host's memory.
    template <class T = void> T* data() const {
        if constexpr (!std::is_void_v<T>) buffer->must_be_on_host();
        return reinterpret_cast<T*>(buffer->data() + offset);
    }
};

using Tensor = std::shared_ptr<TensorImpl>;

// A tensor with new, uninitialised memory.
inline Tensor make_tensor(const Shape& shape, DType dtype, Device device = {}) {
    auto t = std::make_shared<TensorImpl>();
    t->shape = shape;
    t->dtype = dtype;
    t->buffer = Buffer::allocate((size_t)t->bytes(), device);
    return t;
}

}  // namespace netlet
