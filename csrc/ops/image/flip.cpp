#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/image/flip_args.h"
#include "ops/image/image.h"

namespace netlet::ops {

namespace {

void emit_flip(Tape& tape, const Tensor& x, const Tensor& flags, const Tensor& y, bool horizontal, bool vertical) {
    const Shape& s = x->shape;
    FlipArgs args{};
    args.H = s[1];
    args.W = s[2];
    args.pixel = s[3] * (int64_t)size_of(x->dtype);
    args.horizontal = horizontal;
    args.vertical = vertical;
    tape.emit(kernel(KernelId::flip_images), args, {in(args.x, x), in(args.flags, flags), out(args.y, y)},
              {y->size() ? s[0] * s[1] : 0, grain_for(65536, args.W * args.pixel)});
}

}  // namespace

Tensor flip_images(Tape& tape, const Tensor& x, const Tensor& flags, bool horizontal, bool vertical) {
    if (x->shape.rank() != 4)
        throw ValueError("flip_images: expected images of shape (N, H, W, C), received " + x->shape.str());
    if (flags->shape != Shape{x->shape[0]} || flags->dtype != DType::boolean)
        throw ValueError("flip_images: expected bool flags of shape " + Shape{x->shape[0]}.str() + ", received " +
                         name_of(flags->dtype) + " of shape " + flags->shape.str());
    Tensor y = tape.empty(x->shape, x->dtype);
    emit_flip(tape, x, flags, y, horizontal, vertical);
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [=](Tape& tape, const Grads& dy) {
                Grad dx = tape.grad(x);
                if (!dx) return;
                const Tensor flipped = dx.accumulate ? tape.empty(x->shape, dy[0]->dtype) : dx.tensor;
                emit_flip(tape, dy[0], flags, flipped, horizontal, vertical);
                if (dx.accumulate) accumulate(tape, flipped, dx);
            },
            [=](Tape& tape, const Tensors&, const Tensors&, const Grads& dy) {
                return Tensors{flip_images(tape, dy[0], flags, horizontal, vertical)};
            });
    return y;
}

}  // namespace netlet::ops
