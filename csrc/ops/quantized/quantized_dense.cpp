// A dense layer of codes. Plans of inference cache the packed kernel and its column sums.
#include "ops/quantized/quantized_dense_args.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/gemm/gemm.h"
#include "ops/gemm/gemm_choice.h"
#include "ops/quantized/quantized.h"

namespace netlet::ops {

namespace {

void check(const QuantizedProduct& p) {
    const Tensor &x = p.x.q, &kernel = p.kernel.q;
    if (kernel->shape.rank() != 2)
        throw ValueError("quantized_dense: expected a kernel of shape (inputs, units), received shape " +
                         kernel->shape.str());
    if (x->shape.rank() < 1 || x->shape.back() != kernel->shape[0])
        throw ValueError("quantized_dense: expected x with a last axis of " + std::to_string(kernel->shape[0]) +
                         " for a kernel of shape " + kernel->shape.str() + ", received shape " + x->shape.str());
    Shape rows = x->shape;
    rows[rows.rank() - 1] = 1;
    check_quantized("quantized_dense", p, rows, kernel->shape[1]);
}

}  // namespace

Tensor quantized_dense(Tape& tape, const QuantizedProduct& p) {
    check(p);
    if (!is_fusable(p.act, p.alpha)) {
        QuantizedProduct linear = p;
        linear.act = Activation::linear;
        linear.alpha = 0;
        linear.out_scale = linear.out_zero = nullptr;
        return activated_result(tape, p, quantized_dense(tape, linear));
    }
    const Tensor &x = p.x.q, &w = p.kernel.q;
    const int64_t K = w->shape[0], N = w->shape[1], M = x->shape.product(0, x->shape.rank() - 1);
    Shape shape = x->shape;
    shape[shape.rank() - 1] = N;
    Tensor y = tape.empty(shape, result_dtype(p));
    if (M * N > 0) {
        const Tensor packed = pack_for_tiles(tape, w, 0, N, K, N, false);
        const Tensor w_sums = p.x.zero ? code_sums(tape, w, 1, K, N, true) : nullptr;
        const Tensor x_sums = p.kernel.zero ? code_sums(tape, x, M, K, 1, false) : nullptr;
        const GemmChoice choice = choose_low_precision_gemm(M, N, K, false, 1, true);
        QuantizedDenseArgs args{};
        args.M = M;
        args.N = N;
        args.K = K;
        args.mb = choice.mb;
        args.nb = std::min(choice.nb, quantized_dense_most_columns);
        args.last = requantization(p, K);
        std::vector<Operand> operands = requantization_operands(args.last, p, w_sums, x_sums);
        for (const Operand& o : {in(args.x, x), in(args.w, packed), out(args.y, y)}) operands.push_back(o);
        const auto id = x->dtype == DType::u8 ? KernelId::quantized_dense_u8s8 : KernelId::quantized_dense_s8s8;
        // Half a million multiply-adds are about two microseconds with VNNI.
        tape.emit(kernel(id), args, operands,
                  {ceil_div(M, args.mb) * ceil_div(N, args.nb), grain_for(1 << 19, args.mb * args.nb * K),
                   2.0 * (double)M * (double)N * (double)K});
    }
    if (p.x_hat && tape.needs_grad({p.x_hat, p.kernel_hat, p.bias}))
        on_backward_of_dense(tape, p.x_hat, p.kernel_hat, p.bias, y, p.act, p.alpha);
    return y;
}

}  // namespace netlet::ops
