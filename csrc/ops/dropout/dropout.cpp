#include "ops/dropout/dropout.h"

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/dropout/dropout_args.h"
#include "plan/shard.h"

namespace netlet::ops {

namespace {

// Forward and backward are the same map, so they are the same kernel.
void emit_dropout(Tape& tape, const Tensor& x, const Grad& y, double rate, uint64_t seed, uint32_t stream,
                  int64_t first) {
    with_float(x->dtype, [&]<class T>(T) {
        DropoutArgs<T> args{};
        args.seed = seed;
        args.stream = stream;
        args.first = first;
        args.rate = rate;
        tape.emit(NETLET_KERNEL_FOR(dropout, x->dtype), args,
                  {in(args.x, x), into(args.y, args.accumulate, y), in(args.step, tape.step())},
                  elementwise_work(x->size()));
    });
}

// Dropout with the mask of `stream`. It is linear and its own transpose, so its gradient is the same function of dy.
Tensor dropout_of_stream(Tape& tape, const Tensor& x, double rate, uint64_t seed, uint32_t stream, int64_t first) {
    Tensor y = tape.empty(x->shape, x->dtype);
    emit_dropout(tape, x, {y}, rate, seed, stream, first);
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [=](Tape& tape, const Grads& dy) {
                if (Grad dx = tape.grad(x)) emit_dropout(tape, dy[0], dx, rate, seed, stream, first);
            },
            [=](Tape& tape, const Tensors&, const Tensors&, const Grads& dy) {
                return Tensors{dropout_of_stream(tape, dy[0], rate, seed, stream, first)};
            });
    return y;
}

}  // namespace

Tensor dropout(Tape& tape, const Tensor& x, double rate, uint64_t seed) {
    if (!(rate >= 0 && rate < 1))
        throw ValueError("dropout: expected 0 <= rate < 1, received rate=" + std::to_string(rate));
    check_floating("dropout", x);
    return dropout_of_stream(tape, x, rate, seed, tape.next_stream(), elements_before(x->shape));
}

}  // namespace netlet::ops
