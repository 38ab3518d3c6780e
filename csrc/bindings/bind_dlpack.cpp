// DLPack for memory of a GPU. That of the CPU goes through NumPy.
#include <algorithm>
#include <vector>

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/dlpack.h"

namespace netlet::bindings {

namespace {

constexpr const char *fresh = "dltensor", *used = "used_dltensor";

struct Exported {
    dlpack::Managed managed;
    Tensor tensor;
    std::vector<int64_t> shape;
};

uint8_t code_of(DType t) {
    switch (t) {
        case DType::f32:
        case DType::f64:
        case DType::f16: return dlpack::floating;
        case DType::bf16: return dlpack::bfloat;
        case DType::u8: return dlpack::unsigned_integer;
        case DType::boolean: return dlpack::boolean;
        default: return dlpack::integer;
    }
}

DType dtype_of(const dlpack::Array& a) {
    for (const DType t : {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8, DType::u8, DType::i32, DType::i64,
                          DType::boolean})
        if (a.code == code_of(t) && a.bits == 8 * size_of(t) && a.lanes == 1) return t;
    throw TypeError("from_dlpack: expected float, bfloat16, int8, uint8, int32, int64 or bool, received type code " +
                    std::to_string(a.code) + " of " + std::to_string(a.bits) + " bits");
}

Device device_of(const dlpack::Array& a) {
    const Device::Kind kind = a.device_type == dlpack::on_cuda    ? Device::Kind::cuda
                              : a.device_type == dlpack::on_other ? Device::Kind::sim
                                                                  : Device::Kind::cpu;
    return {kind, a.device_index};
}

std::pair<int, int> dlpack_device(const TensorImpl& t) {
    const Device d = t.device();
    const auto type = d.kind == Device::Kind::cuda  ? dlpack::on_cuda
                      : d.kind == Device::Kind::sim ? dlpack::on_other
                                                    : dlpack::on_cpu;
    return {type, d.index};
}

void release_unused(PyObject* capsule) {
    if (!PyCapsule_IsValid(capsule, fresh)) return;
    auto* managed = static_cast<dlpack::Managed*>(PyCapsule_GetPointer(capsule, fresh));
    managed->deleter(managed);
}

py::object to_dlpack(const Tensor& t) {
    if (t->recorded()) throw RuntimeError("__dlpack__: this tensor is part of a recorded step and has no value yet");
    {
        const GilReleased nogil;  // the receiver may use another stream
        const DeviceLock lock(t->device());
        check_device(t->device(), backend_of(t->device()).synchronize(t->device().index), "__dlpack__");
    }
    auto* e = new Exported{{}, t, {t->shape.begin(), t->shape.end()}};
    const auto [type, index] = dlpack_device(*t);
    e->managed.array = {t->data(),
                        type,
                        index,
                        (int32_t)e->shape.size(),
                        code_of(t->dtype),
                        (uint8_t)(8 * size_of(t->dtype)),
                        1,
                        e->shape.data(),
                        nullptr,
                        0};
    e->managed.context = e;
    e->managed.deleter = [](dlpack::Managed* m) { delete static_cast<Exported*>(m->context); };
    return py::reinterpret_steal<py::object>(PyCapsule_New(&e->managed, fresh, release_unused));
}

Tensor from_dlpack(const py::object& capsule) {
    if (!PyCapsule_IsValid(capsule.ptr(), fresh))
        throw ValueError("from_dlpack: expected a capsule that nobody has used");
    auto* managed = static_cast<dlpack::Managed*>(PyCapsule_GetPointer(capsule.ptr(), fresh));
    const dlpack::Array& a = managed->array;
    const Device device = device_of(a);
    const std::vector<Device> known = devices();
    if (device.is_cpu() || std::find(known.begin(), known.end(), device) == known.end())
        throw ValueError("from_dlpack: expected an array on a GPU of netlet.devices(), received device type " +
                         std::to_string(a.device_type) + ", number " + std::to_string(a.device_index));
    auto t = std::make_shared<TensorImpl>();
    t->dtype = dtype_of(a);
    for (int32_t i = 0; i < a.rank; ++i) t->shape.push_back(a.shape[i]);
    int64_t stride = 1;
    for (int32_t i = a.rank - 1; i >= 0; stride *= a.shape[i], --i)
        if (a.strides && a.shape[i] > 1 && a.strides[i] != stride)
            throw ValueError("from_dlpack: expected a row-major array; make a contiguous copy of it first");
    t->buffer = Buffer::borrow(
        static_cast<std::byte*>(a.data) + a.byte_offset, (size_t)t->bytes(),
        [](void* m) { static_cast<dlpack::Managed*>(m)->deleter((dlpack::Managed*)m); }, managed, device);
    PyCapsule_SetName(capsule.ptr(), used);
    return t;
}

}  // namespace

void bind_dlpack(py::module_& m) {
    using namespace py::literals;
    m.def("dlpack_device", &dlpack_device, "x"_a, "DLPack's (device type, number).");
    m.def("to_dlpack", &to_dlpack, "x"_a, "A capsule that shares the memory of a tensor on a GPU.");
    m.def("from_dlpack", &from_dlpack, "capsule"_a, "A tensor that shares the memory of an array on a GPU.");
}

}  // namespace netlet::bindings
