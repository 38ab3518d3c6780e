#include "ops/conv/quantized_image.h"

#include <algorithm>

#include "dispatch/dispatch.h"

namespace netlet::ops {

Tensor padded_image(Tape& tape, const Codes& x, std::vector<Phase>& phases, int64_t groups, int64_t C,
                    bool reads_lanes) {
    QuantizedPadArgs args{};
    int64_t after[conv_axes] = {};
    for (const Phase& phase : phases) {
        const bool reads = phase.pixels() > 0 && phase.taps() > 0;
        for (int i = 0; i < conv_axes; ++i) {
            const ConvAxis& a = phase.axis[i];
            args.in[i] = a.in;
            if (!reads) continue;
            args.before[i] = std::max(args.before[i], -a.first);
            after[i] = std::max(after[i], (a.grid - 1) * a.step + a.first + (a.taps - 1) * a.tap_step - (a.in - 1));
        }
        if (reads_lanes && reads && quantized_runs(phase.axis, groups, C).terms % 4) args.slack = quantized_conv_slack;
    }
    bool same = args.slack == 0;
    for (int i = 0; i < conv_axes; ++i) {
        args.out[i] = args.before[i] + args.in[i] + after[i];
        same = same && args.out[i] == args.in[i];
        for (Phase& phase : phases) {
            phase.axis[i].in = args.out[i];
            phase.axis[i].first += args.before[i];
        }
    }
    if (same) return x.q;
    args.batch = x.q->shape[0];
    args.channels = groups * C;
    args.zero_step = x.zero && x.zero->size() > 1;
    const int64_t rows = args.batch * args.out[0] * args.out[1], row = args.out[2] * args.channels;
    const Tensor y = tape.empty({rows * row + args.slack}, DType::u8);
    tape.emit(kernel(KernelId::quantized_pad), args, {in(args.x, x.q), in_if(args.zero, x.zero), out(args.y, y)},
              {rows, grain_for(65536, row)});
    return y;
}

}  // namespace netlet::ops
