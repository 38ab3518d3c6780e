#include "bindings/dlpack.h"

#include <algorithm>
#include <vector>

#include "bindings/array_view.h"

namespace netlet::bindings::dlpack {

namespace {

// What both kinds of capsules lead to.
struct Received {
    const Array* array;
    bool read_only;
    void* managed;
    void (*release)(void*);  // calls the producer's deleter
};

template <class M> void release(void* managed) {
    auto* m = static_cast<M*>(managed);
    if (m->deleter) m->deleter(m);
}

// Takes the array out of a capsule; from here on the receiver releases it.
template <class M> M* taken(const py::object& capsule) {
    auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule.ptr(), M::fresh));
    PyCapsule_SetName(capsule.ptr(), M::used);
    return managed;
}

Received received(const py::object& capsule) {
    if (PyCapsule_IsValid(capsule.ptr(), Managed::fresh)) {
        auto* m = taken<Managed>(capsule);
        return {&m->array, false, m, release<Managed>};
    }
    if (!PyCapsule_IsValid(capsule.ptr(), ManagedVersioned::fresh))
        throw ValueError("from_dlpack: expected a capsule that nobody has used");
    auto* m = taken<ManagedVersioned>(capsule);
    if (const uint32_t major = m->version.major; major > ManagedVersioned::version_written.major) {
        release<ManagedVersioned>(m);
        throw ValueError("from_dlpack: expected an array of DLPack 0 or 1, received version " + std::to_string(major));
    }
    return {&m->array, (m->flags & ManagedVersioned::read_only) != 0, m, release<ManagedVersioned>};
}

// NumPy's type string of the array's elements, such as "f4". "f2" carries the bits of bfloat16.
std::string numpy_type(const Array& a) {
    const char* kind = a.code == integer                        ? "i"
                       : a.code == unsigned_integer             ? "u"
                       : a.code == floating || a.code == bfloat ? "f"
                       : a.code == boolean                      ? "b"
                                                                : "";
    const bool whole = a.bits == 8 || a.bits == 16 || a.bits == 32 || a.bits == 64;
    if (!*kind || !whole || a.lanes != 1)
        throw TypeError("from_dlpack: expected floats, bfloat16, integers or bools, received type code " +
                        std::to_string(a.code) + " of " + std::to_string(a.bits) + " bits in " +
                        std::to_string(a.lanes) + " lanes");
    return kind + std::to_string(a.bits / 8);
}

Device device_of(const Array& a) {
    const Device::Kind kind = a.device_type == on_cuda    ? Device::Kind::cuda
                              : a.device_type == on_other ? Device::Kind::sim
                                                          : Device::Kind::cpu;
    const Device device{kind, a.device_index};
    const std::vector<Device> known = devices();
    if ((kind == Device::Kind::cpu && a.device_type != on_cpu) ||
        std::find(known.begin(), known.end(), device) == known.end())
        throw ValueError("from_dlpack: expected an array on one of netlet.devices(), received device type " +
                         std::to_string(a.device_type) + ", number " + std::to_string(a.device_index));
    return device;
}

bool row_major(const Array& a) {
    if (std::find(a.shape, a.shape + a.rank, 0) != a.shape + a.rank) return true;
    int64_t stride = 1;
    for (int32_t i = a.rank - 1; i >= 0; stride *= a.shape[i], --i)
        if (a.strides && a.shape[i] > 1 && a.strides[i] != stride) return false;
    return true;
}

// A view of a host array, for NumPy to convert.
py::array as_ndarray(const Array& a, std::byte* data, const py::capsule& owner) {
    const py::dtype dtype(numpy_type(a));
    std::vector<py::ssize_t> shape(a.shape, a.shape + a.rank), strides;
    for (int32_t i = 0; a.strides && i < a.rank; ++i) strides.push_back(a.strides[i] * dtype.itemsize());
    return a.strides ? py::array(dtype, shape, strides, data, owner) : py::array(dtype, shape, data, owner);
}

py::object capsule_of(py::handle producer) {
    const auto version =
        py::make_tuple(ManagedVersioned::version_written.major, ManagedVersioned::version_written.minor);
    const int type = producer.attr("__dlpack_device__")().cast<std::pair<int, int>>().first;
    py::dict arguments;
    if (type == on_cuda) arguments["stream"] = 1;  // CUDA's legacy stream, which waits for all others
    try {
        return producer.attr("__dlpack__")(**arguments, py::arg("max_version") = version);
    } catch (py::error_already_set& e) {
        const bool unknown = py::str(e.value()).cast<std::string>().find("max_version") != std::string::npos;
        if (!e.matches(PyExc_TypeError) || !unknown) throw;
    }
    return producer.attr("__dlpack__")(**arguments);  // a producer of version 0.x
}

}  // namespace

Imported imported(py::handle producer) {
    const Received r = received(capsule_of(producer));
    const Array& a = *r.array;
    auto t = std::make_shared<TensorImpl>();
    // Owns the array from here on, whatever fails below.
    t->buffer = Buffer::borrow(nullptr, 0, r.release, r.managed);
    const Device device = device_of(a);
    auto* data = static_cast<std::byte*>(a.data) + a.byte_offset;
    const bool half = a.code == bfloat && a.bits == 16;
    const auto own = half ? std::optional(DType::bf16) : own_dtype(py::dtype(numpy_type(a)));
    if (own && row_major(a) && (uintptr_t)data % size_of(*own) == 0) {
        t->dtype = *own;
        for (int32_t i = 0; i < a.rank; ++i) t->shape.push_back(a.shape[i]);
        t->buffer->place(data, (size_t)t->bytes(), device);
        if (r.read_only) t->buffer->forbid_writing();
        return {t, true};
    }
    if (!device.is_cpu())
        throw ValueError("from_dlpack: expected a row-major array of one of netlet's dtypes; make such a copy first");
    auto* keep = new std::shared_ptr<Buffer>(t->buffer);
    const py::capsule owner(keep, [](void* p) { delete static_cast<std::shared_ptr<Buffer>*>(p); });
    Tensor converted = to_arg(as_ndarray(a, data, owner)).tensor;
    if (half) converted->dtype = DType::bf16;
    return {converted, false};
}

}  // namespace netlet::bindings::dlpack
