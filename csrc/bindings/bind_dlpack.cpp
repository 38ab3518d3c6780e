// DLPack: arrays that netlet shares with other libraries.
#include <vector>

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/dlpack.h"

namespace netlet::bindings {

namespace {

using dlpack::Managed, dlpack::ManagedVersioned;

// A capsule's struct and what it keeps alive.
template <class M> struct Exported {
    M managed;
    std::shared_ptr<Buffer> buffer;
    std::vector<int64_t> shape, strides;
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

std::pair<int, int> dlpack_device(const TensorImpl& t) {
    const Device d = t.device();
    const auto type = d.kind == Device::Kind::cuda  ? dlpack::on_cuda
                      : d.kind == Device::Kind::sim ? dlpack::on_other
                                                    : dlpack::on_cpu;
    return {type, d.index};
}

template <class M> void release_unused(PyObject* capsule) {
    if (!PyCapsule_IsValid(capsule, M::fresh)) return;
    auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, M::fresh));
    managed->deleter(managed);
}

// A capsule; `finish` fills in what only its kind of struct has.
template <class M, class Finish> py::object exported(const Tensor& t, Finish finish) {
    auto* e = new Exported<M>{{}, t->buffer, {t->shape.begin(), t->shape.end()}, {}};
    e->strides.assign(e->shape.size(), 1);
    for (size_t i = e->shape.size(); i-- > 1;) e->strides[i - 1] = e->strides[i] * e->shape[i];
    const auto [type, index] = dlpack_device(*t);
    const auto bits = (uint8_t)(8 * size_of(t->dtype));
    e->managed.array = {t->data(), type, index,           (int32_t)e->shape.size(), code_of(t->dtype),
                        bits,      1,    e->shape.data(), e->strides.data(),        0};
    e->managed.context = e;
    e->managed.deleter = [](M* m) { delete static_cast<Exported<M>*>(m->context); };
    finish(e->managed);
    return py::reinterpret_steal<py::object>(PyCapsule_New(&e->managed, M::fresh, release_unused<M>));
}

py::object to_dlpack(const Tensor& t, bool versioned, bool copied) {
    if (!t->device().is_cpu()) {
        const GilReleased nogil;  // the receiver may use another stream
        const DeviceLock lock(t->device());
        check_device(t->device(), backend_of(t->device()).synchronize(t->device().index), "__dlpack__");
    }
    const bool read_only = is_read_only(*t);
    if (!t->buffer->read_only()) t->buffer->expose();  // a Variable's memory too: not every consumer heeds the flag
    if (!versioned) return exported<Managed>(t, [](Managed&) {});
    return exported<ManagedVersioned>(t, [&](ManagedVersioned& m) {
        m.version = ManagedVersioned::version_written;
        m.flags = ManagedVersioned::read_only * read_only + ManagedVersioned::is_copied * copied;
    });
}

}  // namespace

void bind_dlpack(py::module_& m) {
    using namespace py::literals;
    m.def("dlpack_device", &dlpack_device, "x"_a, "DLPack's (device type, number).");
    m.def("to_dlpack", &to_dlpack, "x"_a, "versioned"_a, "copied"_a, "A capsule that shares the memory of a tensor.");
    m.def(
        "from_dlpack",
        [](const py::object& x) {
            const auto [tensor, shared] = dlpack::imported(x);
            return std::pair(tensor, shared);
        },
        "x"_a, "The tensor of an object with `__dlpack__`, and whether it shares the object's memory.");
}

}  // namespace netlet::bindings
