#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/image/affine_args.h"
#include "ops/image/fill_mode.h"
#include "ops/image/image.h"

namespace netlet::ops {

namespace {

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

// The parameters of a call.
struct Affine {
    Tensor transform;
    Shape shape;  // of the images
    bool bilinear;
    FillMode fill;
    double fill_value;

    template <class T> AffineMap<T> map() const {
        const int64_t step = transform->shape[0] == 1 ? 0 : 8;
        return {nullptr, step, shape[1], shape[2], shape[3], bilinear, fill, (T)fill_value};
    }
    double flops() const { return (double)shape.size() * (bilinear ? 7 : 0); }
};

Tensor transformed(Tape& tape, const Tensor& x, const Affine& a);

void emit_adjoint(Tape& tape, const Tensor& dy, const Affine& a, const Grad& dx) {
    with_float(dy->dtype, [&]<class T>(T) {
        AffineBwdArgs<T> args{nullptr, nullptr, a.map<T>(), false};
        tape.emit(NETLET_KERNEL_FOR(affine_bwd, dy->dtype), args,
                  {in(args.dy, dy), in(args.map.transform, a.transform), into(args.dx, args.accumulate, dx)},
                  {a.shape[0], 1, a.flops()});
    });
}

// dy spread over the pixels that `transformed` read: its gradient, as an op. The gradient of this is the transform.
Tensor adjoint(Tape& tape, const Tensor& dy, const Affine& a) {
    Tensor dx = tape.empty(a.shape, dy->dtype);
    emit_adjoint(tape, dy, a, {dx});
    Affine zero = a;
    zero.fill_value = 0;
    if (tape.needs_grad({dy}))
        tape.on_backward(
            {dy}, {dx},
            [=](Tape& tape, const Grads& g) {
                if (Grad to = tape.grad(dy)) accumulate(tape, transformed(tape, g[0], zero), to);
            },
            [=](Tape& tape, const Tensors&, const Tensors&, const Grads& g) {
                return Tensors{transformed(tape, g[0], zero)};
            });
    return dx;
}

Tensor transformed(Tape& tape, const Tensor& x, const Affine& a) {
    const int64_t H = a.shape[1], W = a.shape[2];
    Tensor y = tape.empty(a.shape, x->dtype);
    with_float(x->dtype, [&]<class T>(T) {
        AffineArgs<T> args{nullptr, nullptr, a.map<T>()};
        const int64_t rows = y->size() ? a.shape[0] * H : 0;
        const int64_t few = grain_for(2048, W);
        tape.emit(NETLET_KERNEL_FOR(affine_fwd, x->dtype), args,
                  {in(args.x, x), in(args.map.transform, a.transform), out(args.y, y)},
                  {rows, a.shape[0] >= 16 ? std::max(H, few) : few, a.flops()});
    });
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [=](Tape& tape, const Grads& dy) {
                if (Grad dx = tape.grad(x)) emit_adjoint(tape, dy[0], a, dx);
            },
            [=](Tape& tape, const Tensors&, const Tensors&, const Grads& dy) {
                return Tensors{adjoint(tape, dy[0], a)};
            });
    return y;
}

}  // namespace

Tensor affine_transform(Tape& tape, const Tensor& x, const Tensor& given, const std::string& interpolation,
                        const std::string& fill_mode, double fill_value) {
    check_floating("affine_transform", x);
    check_shapes(x, given);
    const bool bilinear = is_bilinear("affine_transform", interpolation);
    const FillMode fill = to_fill_mode("affine_transform", fill_mode);
    return transformed(tape, x, {cast(tape, given, x->dtype), x->shape, bilinear, fill, fill_value});
}

}  // namespace netlet::ops
