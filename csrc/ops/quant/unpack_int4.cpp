#include "ops/quant/unpack_int4.h"

#include "dispatch/dispatch.h"
#include "ops/quant/unpack_int4_args.h"

namespace netlet::ops {

Tensor unpack_int4(Tape& tape, const Tensor& packed, int axis, int64_t size) {
    if (packed->dtype != DType::i8 && packed->dtype != DType::u8)
        throw TypeError(std::string("unpack_int4: expected packed codes of int8 or uint8, received ") +
                        name_of(packed->dtype));
    axis = normalize_axis(axis, packed->shape.rank(), "unpack_int4");
    const int64_t bytes = packed->shape[axis];
    if (size < 0 || bytes != ceil_div(size, 2))
        throw ValueError("unpack_int4: expected " + std::to_string(size < 0 ? 0 : ceil_div(size, 2)) +
                         " bytes along axis " + std::to_string(axis) + " for " + std::to_string(size) +
                         " codes, received shape " + packed->shape.str());
    int64_t outer = 1, inner = 1;
    Shape shape;
    for (int i = 0; i < packed->shape.rank(); ++i) {
        shape.push_back(i == axis ? size : packed->shape[i]);
        if (i != axis) (i < axis ? outer : inner) *= packed->shape[i];
    }
    Tensor q = tape.empty(shape, DType::i8);
    UnpackInt4Args a{};
    a.size = size;
    a.inner = inner;
    const int64_t units = inner == 1 ? outer : outer * bytes;
    Work work{shape.size() ? units : 0, grain_for(65536, inner == 1 ? size : 2 * inner), (double)shape.size()};
    work.prepack = true;
    tape.emit(kernel(KernelId::unpack_int4), a, {in(a.packed, packed), out(a.q, q)}, work);
    return q;
}

}  // namespace netlet::ops
