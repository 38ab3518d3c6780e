#include "dispatch/dispatch.h"
#include "ops/quantized/code_sums_args.h"
#include "ops/quantized/quantized.h"

namespace netlet::ops {

Tensor code_sums(Tape& tape, const Tensor& q, int64_t outer, int64_t n, int64_t inner, bool prepack) {
    Tensor sums = tape.empty({outer, inner}, DType::i32);
    CodeSumsArgs args{};
    args.n = n;
    args.inner = inner;
    args.is_signed = q->dtype == DType::i8;
    Work work{outer, grain_for(65536, n), (double)(outer * n * inner), prepack};
    if (inner != 1) {
        work.units *= ceil_div(inner, code_sums_tile);
        work.grain = grain_for(65536, n * code_sums_tile);
    }
    tape.emit(kernel(KernelId::code_sums), args, {in(args.q, q), out(args.sums, sums)}, work);
    return sums;
}

}  // namespace netlet::ops
