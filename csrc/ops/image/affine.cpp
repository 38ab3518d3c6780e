#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/image/affine_args.h"
#include "ops/image/image.h"

namespace netlet::ops {

namespace {

FillMode to_fill_mode(const std::string& name) {
    if (name == "constant") return FillMode::constant;
    if (name == "nearest") return FillMode::nearest;
    if (name == "wrap") return FillMode::wrap;
    if (name == "mirror") return FillMode::mirror;
    if (name == "reflect") return FillMode::reflect;
    throw ValueError(
        "affine_transform: expected fill_mode 'constant', 'nearest', 'wrap', 'mirror' or 'reflect', received '" + name +
        "'");
}

bool is_bilinear(const std::string& interpolation) {
    if (interpolation != "nearest" && interpolation != "bilinear")
        throw ValueError("affine_transform: expected interpolation 'nearest' or 'bilinear', received '" +
                         interpolation + "'");
    return interpolation == "bilinear";
}

void check_shapes(const Tensor& x, const Tensor& transform) {
    if (x->shape.rank() != 4)
        throw ValueError("affine_transform: expected images of shape (N, H, W, C), received " + x->shape.str());
    if (std::max(x->shape[1], x->shape[2]) > (1 << 28))  // coordinates are clamped there, see affine_taps.h
        throw ValueError("affine_transform: expected images of at most 2^28 rows and columns, received " +
                         x->shape.str());
    const Shape& t = transform->shape;
    if (t.rank() != 2 || t[1] != 8 || (t[0] != 1 && t[0] != x->shape[0]))
        throw ValueError("affine_transform: expected a transform of shape (8,), or (N, 8) with N = " +
                         std::to_string(x->shape[0]) + " as the images have, received " + t.str());
}

}  // namespace

Tensor affine_transform(Tape& tape, const Tensor& x, const Tensor& given, const std::string& interpolation,
                        const std::string& fill_mode, double fill_value) {
    check_floating("affine_transform", x);
    check_shapes(x, given);
    const Tensor transform = cast(tape, given, x->dtype);
    const bool bilinear = is_bilinear(interpolation);
    const FillMode fill = to_fill_mode(fill_mode);
    const int64_t N = x->shape[0], H = x->shape[1], W = x->shape[2], C = x->shape[3];
    const auto map_of = [=]<class T>(T) {
        return AffineMap<T>{nullptr, given->shape[0] == 1 ? 0 : 8, H, W, C, bilinear, fill, (T)fill_value};
    };
    Tensor y = tape.empty(x->shape, x->dtype);
    const double flops = (double)y->size() * (bilinear ? 7 : 0);
    with_float(x->dtype, [&]<class T>(T type) {
        AffineArgs<T> args{nullptr, nullptr, map_of(type)};
        const int64_t rows = y->size() ? N * H : 0;
        const int64_t few = grain_for(2048, W);
        tape.emit(NETLET_KERNEL_FOR(affine_fwd, x->dtype), args,
                  {in(args.x, x), in(args.map.transform, transform), out(args.y, y)},
                  {rows, N >= 16 ? std::max(H, few) : few, flops});
    });
    if (tape.needs_grad({x}))
        tape.on_backward({x}, {y}, [=](Tape& tape, const Grads& dy) {
            Grad dx = tape.grad(x);
            if (!dx) return;
            with_float(x->dtype, [&]<class T>(T type) {
                AffineBwdArgs<T> args{nullptr, nullptr, map_of(type), false};
                tape.emit(NETLET_KERNEL_FOR(affine_bwd, x->dtype), args,
                          {in(args.dy, dy[0]), in(args.map.transform, transform), into(args.dx, args.accumulate, dx)},
                          {N, 1, flops});
            });
        });
    return y;
}

}  // namespace netlet::ops
