#include "ops/conv/quantized_conv.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/conv/conv_backward.h"
#include "ops/conv/quantized_image.h"

namespace netlet::ops {

namespace {

constexpr double unit_flops = 1 << 20;          // of a unit of work: about five microseconds on one core
constexpr int64_t most_units = 64;              // more units do not balance better
constexpr int64_t cached_kernel = 1024 * 1024;  // bytes of a packed kernel that the L2 cache holds beside the pixels

// A kernel (taps, C, O) or (taps, O, C) as the terms and columns of a product, with the bytes from one to the next.
struct KernelMatrix {
    Tensor w;
    int64_t groups, C, O;  // of one group
    int64_t tap_step, term_step, column_step, group_step;
};

struct PackedKernel {
    Tensor panels, sums;
};

PackedKernel pack(Tape& tape, const Phase& phase, const KernelMatrix& w) {
    const int64_t blocks = ceil_div(w.O, conv_panel_group);
    const int64_t lanes = quantized_runs(phase.axis, w.groups, w.C).lanes(2);  // fewer if a lane holds 4
    const PackedKernel packed{
        tape.empty({w.groups, blocks * conv_panel_group, std::max<int64_t>(lanes, 1)}, DType::i32),
        tape.empty({w.groups, w.O}, DType::i32)};
    QuantizedConvPackArgs args{};
    std::copy_n(phase.axis, conv_axes, args.axis);
    args.groups = w.groups;
    args.C = w.C;
    args.O = w.O;
    args.tap_step = w.tap_step;
    args.term_step = w.term_step;
    args.column_step = w.column_step;
    args.group_step = w.group_step;
    tape.emit(kernel(KernelId::quantized_conv_pack), args,
              {in(args.w, w.w), out(args.packed, packed.panels), out(args.sums, packed.sums)},
              {w.groups * blocks, grain_for(1024, lanes), 0, true});
    return packed;
}

// Emits the product of one phase; `last` fills in its last step and returns the operands of that.
template <class LastStep>
void emit_phase(Tape& tape, const Phase& phase, const Tensor& image, int64_t batch, const KernelMatrix& w,
                const PackedKernel& packed, const Tensor& y, LastStep last) {
    QuantizedConvArgs args{};
    std::copy_n(phase.axis, conv_axes, args.axis);
    args.batch = batch;
    args.groups = w.groups;
    args.C = w.C;
    args.O = w.O;
    const int64_t terms = phase.taps() * w.C;
    const int64_t pixels = batch * args.axis[0].grid * args.axis[1].grid * args.axis[2].grid;
    const double flops = 2.0 * (double)(pixels * w.groups * w.O) * (double)terms;
    if (pixels == 0 || w.O == 0) return;
    // Blocks of columns of one size, as wide as the cache allows.
    const int64_t most =
        std::clamp<int64_t>(cached_kernel / std::max<int64_t>(terms, 1), conv_panel_group, quantized_conv_columns);
    const int64_t n_blocks = ceil_div(w.O, most / conv_panel_group * conv_panel_group);
    args.nb = ceil_div(ceil_div(w.O, n_blocks), conv_panel_group) * conv_panel_group;
    const int64_t units = std::clamp<int64_t>((int64_t)(flops / unit_flops), 1, most_units);
    const int64_t others = w.groups * ceil_div(w.O, args.nb);
    const int64_t each = ceil_div(pixels, ceil_div(units, others));
    const int64_t step = each < 4 * conv_pixel_step ? conv_strip : conv_pixel_step;
    args.mb = ceil_div(each, step) * step;
    std::vector<Operand> operands = last(args);
    for (const Operand& o : {in(args.x, image), in(args.w, packed.panels), out(args.y, y)}) operands.push_back(o);
    tape.emit(kernel(KernelId::quantized_conv), args, operands, {others * ceil_div(pixels, args.mb), 1, flops});
}

// The sums of x under the taps, (pixels of y, groups): a product with a kernel of ones.
Tensor sums_of_x(Tape& tape, const std::vector<Phase>& phases, const Tensor& image, int64_t batch,
                 const KernelMatrix& w) {
    const ConvAxis* axis = phases[0].axis;
    const Tensor sums = tape.empty({batch * axis[0].out * axis[1].out * axis[2].out, w.groups}, DType::i32);
    const Tensor one = make_tensor({1}, DType::i8);
    *one->data<int8_t>() = 1;
    const KernelMatrix ones{tape.constant(one), w.groups, w.C, 1, 0, 0, 0, 0};
    for (const Phase& phase : phases) {
        const PackedKernel packed = pack(tape, phase, ones);
        emit_phase(tape, phase, image, batch, ones, packed, sums, [&](QuantizedConvArgs& args) {
            args.sums_only = true;
            return std::vector<Operand>{in(args.last_step.w_sums, packed.sums)};
        });
    }
    return sums;
}

// The result of all phases.
Tensor emit_product(Tape& tape, const QuantizedProduct& p, std::vector<Phase> phases, const KernelMatrix& w,
                    const Shape& shape) {
    const Tensor y = tape.empty(shape, result_dtype(p));
    if (y->size() == 0) return y;
    const int64_t batch = shape[0];
    const Tensor image = padded_image(tape, p.x, phases, w.groups, w.C, true);
    const Tensor x_sums = p.kernel.zero ? sums_of_x(tape, phases, image, batch, w) : nullptr;
    for (const Phase& phase : phases) {
        const PackedKernel packed = pack(tape, phase, w);
        emit_phase(tape, phase, image, batch, w, packed, y, [&](QuantizedConvArgs& args) {
            args.last_step = requantization(p, phase.taps() * w.C);
            return requantization_operands(args.last_step, p, packed.sums, x_sums);
        });
    }
    return y;
}

void add_backward(Tape& tape, const QuantizedProduct& p, bool transposed, const ConvGeometry& g, const ConvSteps& steps,
                  const Tensor& y) {
    if (p.x_hat && tape.needs_grad({p.x_hat, p.kernel_hat, p.bias}))
        on_backward_of_conv(tape, transposed, g, steps, p.x_hat, p.kernel_hat, p.bias, y, p.act, p.alpha);
}

}  // namespace

void check_quantized_image(const char* op, const QuantizedProduct& p, int64_t outputs) {
    if (p.x.q->dtype != DType::u8)
        throw TypeError(std::string(op) + ": expected x of uint8, received " + name_of(p.x.q->dtype));
    Shape images{p.x.q->shape[0]};
    for (int i = 1; i < p.x.q->shape.rank(); ++i) images.push_back(1);
    check_quantized(op, p, images, outputs);
}

Tensor quantized_conv(Tape& tape, const QuantizedProduct& p, const ConvSteps& steps) {
    const Shape &x = p.x.q->shape, &k = p.kernel.q->shape;
    const int spatial = check_steps("quantized_conv", x, k, steps);
    const ConvGeometry g = grouped_geometry("quantized_conv", x, k, steps);
    check_quantized_image("quantized_conv", p, g.groups * g.O);
    if (!is_fusable(p.act, p.alpha))
        return activated_result(tape, p, quantized_conv(tape, without_activation(p), steps));
    std::vector<Phase> phases(1);
    set_forward_axes(g, phases[0].axis);
    const int64_t filters = g.groups * g.O;
    const KernelMatrix w{p.kernel.q, g.groups, g.C, g.O, g.C * filters, filters, 1, g.O};
    const Tensor y = emit_product(tape, p, phases, w, g.y_shape(spatial));
    add_backward(tape, p, false, g, steps, y);
    return y;
}

Tensor quantized_conv_transpose(Tape& tape, const QuantizedProduct& p, const ConvSteps& steps,
                                const std::vector<int64_t>& out) {
    const Shape &x = p.x.q->shape, &k = p.kernel.q->shape;
    const int spatial = check_steps("quantized_conv_transpose", x, k, steps);
    const ConvGeometry g = transposed_geometry("quantized_conv_transpose", x, k, steps, out);
    check_quantized_image("quantized_conv_transpose", p, g.C);
    if (!is_fusable(p.act, p.alpha))
        return activated_result(tape, p, quantized_conv_transpose(tape, without_activation(p), steps, out));
    std::vector<Phase> phases;
    Phase phase;
    for_each_phase(g, false, phase.axis, [&] {
        if (phase.pixels() > 0) phases.push_back(phase);
    });
    // The kernel is (taps, C, O) of the convolution, whose C are the columns here.
    const KernelMatrix w{p.kernel.q, 1, g.O, g.C, g.C * g.O, 1, g.O, 0};
    const Tensor y = emit_product(tape, p, phases, w, g.x_shape(spatial));
    add_backward(tape, p, true, g, steps, y);
    return y;
}

}  // namespace netlet::ops
