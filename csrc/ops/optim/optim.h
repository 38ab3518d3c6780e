#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// What every update reads at run time; see optim_args.h.
struct OptimStep {
    Tensor lr;         // one float64 cell
    Tensor iteration;  // one int64 cell
    int64_t every = 1;
    double weight_decay = 0;
    // For a table whose gradient has a map of its nonzero rows. used: the optimizer's own map for its slots, if it has
    // any.
    Rows written = nullptr, used = nullptr;
};

// Each updates p and its slots in place; g, p and the slots have one dtype and one size. m, vhat, a may be null.
void sgd_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Tensor& m, double momentum,
                bool nesterov);
void adam_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Tensor& m, const Tensor& v,
                 const Tensor& vhat, double beta1, double beta2, double epsilon);
void rmsprop_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Tensor& v,
                    const Tensor& m, const Tensor& a, double rho, double momentum, double epsilon);
void ema_update(Tape& tape, const Tensor& p, const Tensor& average, const Tensor& iteration, int64_t every,
                double momentum, int64_t overwrite);
void accumulate_gradient(Tape& tape, const Tensor& g, const Tensor& total, const Tensor& y, const Tensor& iteration,
                         int64_t every);

// Write clipped or scaled gradients to y, which may be x itself.
void clip_value(Tape& tape, const Tensor& x, const Tensor& y, double limit);
void clip_norm(Tape& tape, const std::vector<Tensor>& x, const std::vector<Tensor>& y, double limit, bool global);
void divide_gradient(Tape& tape, const Tensor& x, const Tensor& y, double divisor);

}  // namespace netlet::ops
