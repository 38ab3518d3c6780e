// Layer and RMS normalization: one record forward; backward one record, and two sums over blocks of rows.
#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/higher_order/higher_order.h"
#include "ops/norm/norm.h"
#include "ops/norm/norm_args.h"
#include "ops/norm/norm_checks.h"
#include "ops/norm/norm_definitions.h"
#include "ops/reduce/reduce.h"

namespace netlet::ops {

namespace {

// Rows of a block. Does not depend on the number of threads: it fixes the order in which dgamma is summed.
int64_t block_rows(const Tape& tape, int64_t R, int64_t C) {
    if (tape.on_gpu()) return std::clamp<int64_t>(ceil_div(R, 64), 32, 512);  // 64 blocks for each 32 columns
    return std::clamp<int64_t>(32768 / std::max<int64_t>(1, C), 32, 256);
}

template <class T>
void backward(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& rows,
              const Tensor& dy, bool centred) {
    NormRowsBwdArgs<T> args{};
    args.C = x->shape.back();
    args.R = x->shape.product(0, x->shape.rank() - 1);
    args.block = block_rows(tape, args.R, args.C);
    args.centred = centred;
    const Grad dx = tape.grad(x), dgamma = tape.grad(gamma), dbeta = tape.grad(beta);
    const int64_t blocks = ceil_div(args.R, args.block);
    auto partial = [&](const Grad& g) { return g ? tape.empty({blocks, args.C}, x->dtype) : nullptr; };
    const Tensor of_gamma = partial(dgamma), of_beta = partial(dbeta);
    tape.emit(NETLET_KERNEL_FOR(norm_rows_bwd, x->dtype), args,
              {in(args.x, x), in(args.dy, dy), in_if(args.gamma, gamma), in(args.rows, rows),
               into_if(args.dx, args.accumulate, dx), out_if(args.dgamma, of_gamma), out_if(args.dbeta, of_beta)},
              Work{blocks, 1, 15.0 * (double)x->size()});
    if (dgamma) emit_column_sum(tape, of_gamma, dgamma);
    if (dbeta) emit_column_sum(tape, of_beta, dbeta);
}

}  // namespace

Tensor layer_norm(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon, bool centred) {
    const char* name = centred ? "layer_normalization" : "rms_normalization";
    check_channels(name, x, {{"gamma", gamma}, {"beta", beta}});
    const int64_t C = x->shape.back(), R = x->shape.product(0, x->shape.rank() - 1);
    const bool differentiates = tape.needs_grad({x, gamma, beta});
    Tensor y = tape.empty(x->shape, x->dtype);
    const Tensor rows = differentiates ? tape.empty({R, 3}, x->dtype) : nullptr;
    with_float(x->dtype, [&]<class T>(T) {
        NormRowsArgs<T> args{};
        args.C = C;
        args.epsilon = epsilon;
        args.centred = centred;
        tape.emit(
            NETLET_KERNEL_FOR(norm_rows_fwd, x->dtype), args,
            {in(args.x, x), in_if(args.gamma, gamma), in_if(args.beta, beta), out(args.y, y), out_if(args.rows, rows)},
            Work{R, grain_for(16384, C), 8.0 * (double)x->size()});
    });
    if (differentiates)
        tape.on_backward(
            {x, gamma, beta}, {y},
            [=](Tape& tape, const Grads& dy) {
                with_float(x->dtype, [&]<class T>(T) { backward<T>(tape, x, gamma, beta, rows, dy[0], centred); });
            },
            by_definition([epsilon, centred](Tape& tape, const Tensors& x) {
                return Tensors{row_norm_definition(tape, x[0], x[1], x[2], epsilon, centred)};
            }));
    return y;
}

}  // namespace netlet::ops
