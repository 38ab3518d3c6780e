#include "plan/transfer.h"

#include <cstring>

namespace netlet {

void transfer(const Tensor& from, const Tensor& to) {
    const auto bytes = (size_t)from->bytes();
    if (bytes == 0) return;
    to->buffer->begin_write();
    const Device source = from->device(), target = to->device();
    if (source.is_cpu() && target.is_cpu()) {
        std::memmove(to->data(), from->data(), bytes);
    } else if (source.is_cpu() || target.is_cpu()) {
        const Device device = source.is_cpu() ? target : source;
        const DeviceLock lock(device);
        Backend& backend = backend_of(device);
        check_device(device,
                     source.is_cpu() ? backend.to_device(device.index, to->data(), from->data(), bytes)
                                     : backend.to_host(device.index, to->data(), from->data(), bytes),
                     "copy");
    } else if (source == target) {
        const DeviceLock lock(source);
        check_device(source, backend_of(source).queue_copy(source.index, to->data(), from->data(), bytes), "copy");
    } else {
        transfer(on_device(from, Device{}), to);
    }
    to->buffer->end_write();
}

Tensor on_device(const Tensor& x, Device device) {
    if (x->device() == device) return x;
    const Tensor y = make_tensor(x->shape, x->dtype, device);
    transfer(x, y);
    return y;
}

Tensor make_zeros(const Shape& shape, DType dtype, Device device) {
    const Tensor y = make_tensor(shape, dtype, device);
    if (device.is_cpu()) {
        std::memset(y->data(), 0, (size_t)y->bytes());
        return y;
    }
    const DeviceLock lock(device);
    check_device(device, backend_of(device).queue_zero(device.index, y->data(), (size_t)y->bytes()), "zeros");
    return y;
}

}  // namespace netlet
