#include "ops/activation/activation.h"

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"

namespace netlet::ops {

namespace {

const char* const names[] = {
#define NETLET_NAME(name) #name,
    NETLET_ACTIVATIONS(NETLET_NAME)
#undef NETLET_NAME
};

// Activations that only compare and select are bound by memory; one with an exponential is worth a thread sooner.
Work work_of(Activation act, int64_t n) {
    switch (act) {
        case Activation::linear:
        case Activation::relu:
        case Activation::leaky_relu:
        case Activation::relu6:
        case Activation::relu_general:
        case Activation::hard_sigmoid:
        case Activation::hard_silu:
        case Activation::hard_tanh:
        case Activation::hard_shrink:
        case Activation::soft_shrink:
        case Activation::threshold:
        case Activation::sparse_plus:
        case Activation::sparse_sigmoid: return elementwise_work(n);
        default: return {n, 8192, 20.0 * (double)n};
    }
}

template <class T>
void emit_forward(Tape& tape, const Tensor& x, const Tensor& y, const Tensor& slope, Activation act,
                  const ActivationParams& p) {
    ActivationArgs<T> args{};
    args.act = act;
    args.alpha = (T)p.alpha;
    args.beta = (T)p.beta;
    args.gamma = (T)p.gamma;
    tape.emit(NETLET_KERNEL_FOR(activation_fwd, x->dtype), args,
              {by_row(in(args.x, x)), by_row(out(args.y, y)), by_row(out_if(args.slope, slope))},
              with_rows(work_of(act, x->size()), x->shape));
}

template <class T>
void emit_backward(Tape& tape, const Tensor& saved, const Tensor& dy, const Grad& dx, Activation act,
                   const ActivationParams& p, bool from_output) {
    ActivationGradArgs<T> args{};
    args.act = act;
    args.alpha = (T)p.alpha;
    args.beta = (T)p.beta;
    args.gamma = (T)p.gamma;
    args.from_output = from_output;
    args.from_slope = saves_slope(act);
    tape.emit(NETLET_KERNEL_FOR(activation_bwd, saved->dtype), args,
              {in(args.saved, saved), in(args.dy, dy), into(args.dx, args.accumulate, dx)},
              from_output || args.from_slope ? elementwise_work(saved->size(), 3) : work_of(act, saved->size()));
}

void backward(Tape& tape, const Tensor& saved, const Tensor& dy, const Grad& dx, Activation act,
              const ActivationParams& p, bool from_output) {
    with_float(saved->dtype, [&]<class T>(T) { emit_backward<T>(tape, saved, dy, dx, act, p, from_output); });
}

}  // namespace

Activation activation_by_name(const std::string& name) {
    std::string known;
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        if (name == names[i]) return (Activation)i;
        known += (i ? ", " : "") + std::string(names[i]);
    }
    throw ValueError("activation: expected one of " + known + ", received '" + name + "'");
}

const char* name_of(Activation act) { return names[(size_t)act]; }

void activation_gradient(Tape& tape, Activation act, double alpha, const Tensor& y, const Tensor& dy, const Grad& dz) {
    if (!is_fusable(act, alpha))
        throw RuntimeError(
            std::string(
                "activation_gradient: expected an activation whose derivative follows from its output, received ") +
            name_of(act));
    backward(tape, y, dy, dz, act, {alpha, 0, 0}, true);
}

Tensor activation(Tape& tape, const Tensor& x, Activation act, const ActivationParams& params) {
    check_floating(name_of(act), x);
    Tensor y = tape.empty(x->shape, x->dtype);
    const bool differentiates = tape.needs_grad({x});
    const Tensor slope = differentiates && saves_slope(act) ? tape.empty(x->shape, x->dtype) : nullptr;
    with_float(x->dtype, [&]<class T>(T) { emit_forward<T>(tape, x, y, slope, act, params); });
    if (differentiates) {
        const bool from_output = is_fusable(act, params.alpha);
        // The one tensor that backward reads: the others are not kept alive.
        const Tensor saved = slope ? slope : from_output ? y : x;
        tape.on_backward(
            {x}, {y},
            [=](Tape& tape, const Grads& dy) {
                if (Grad dx = tape.grad(x)) backward(tape, saved, dy[0], dx, act, params, from_output);
            },
            [act, params](Tape& tape, const Tensors& x, const Tensors& y, const Grads& dy) {
                return Tensors{multiply(tape, dy[0], activation_slope(tape, act, params, x[0], y[0]))};
            });
    }
    return y;
}

}  // namespace netlet::ops
