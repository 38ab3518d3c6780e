#pragma once
#include <array>

#include "plan/tape.h"

namespace netlet::ops {

// What every update reads at run time; see optim_cells.h.
struct OptimStep {
    Tensor lr;         // one float64 cell
    Tensor iteration;  // one int64 cell
    int64_t every = 1;
    double weight_decay = 0;
    // For a table whose gradient has a map of its nonzero rows. used: the optimizer's own map for its slots, if it has
    // any.
    Rows written = nullptr, used = nullptr;
};

template <size_t N> using Slots = std::array<Tensor, N>;

// Each updates p and its slots in place; g, p and the slots have one dtype and one size. The formulas are in optim_args.h
// and adaptive_args.h. Slots that may be null: m; vhat; m and a.
void sgd_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<1>& m, double momentum,
                bool nesterov);
void adam_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<3>& m_v_vhat,
                 double beta1, double beta2, double epsilon, double lr_ratio, bool rectified);
void rmsprop_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<3>& v_m_a,
                    double rho, double momentum, double epsilon);
void adagrad_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<1>& n,
                    double epsilon);
void adadelta_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<2>& v_d,
                     double rho, double epsilon);
void adamax_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<2>& m_u,
                   double beta1, double beta2, double epsilon);
// u_product: one cell of p's dtype, which nadam_product has brought to this step.
void nadam_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<2>& m_v,
                  const Tensor& u_product, double beta1, double beta2, double epsilon);
void nadam_product(Tape& tape, const Tensor& u_product, const Tensor& iteration, double beta1, int64_t every);
void ftrl_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<2>& n_z,
                 double lr_power, double l1, double l2, double l2_shrinkage, double beta);
void lion_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<1>& m, double beta1,
                 double beta2);
void schedule_free_adamw_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g,
                                const Slots<2>& z_v, double beta1, double beta2, double epsilon, int64_t warmup_steps);
void rprop_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<2>& previous_size,
                  double eta_minus, double eta_plus, double smallest, double largest);
void asgd_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<1>& average,
                 double lambd, double alpha, double t0);

// Updates of one variable each (variable_args.h).
void lamb_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<2>& m_v, double beta1,
                 double beta2, double epsilon);
// v has the shape of p. The factors r (..., rows) and k (..., columns) are null if the variable is no matrix.
void adafactor_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<3>& v_r_k,
                      double beta2_decay, double epsilon1, double epsilon2, double clip_threshold);
// g is a matrix. The step is `factor` times the orthogonal factor of the momentum, by `iterations` of the polynomial
// x = a x + b (x x^T) x + c (x x^T)^2 x.
void muon_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const Slots<1>& m,
                 double momentum, bool nesterov, double a, double b, double c, int64_t iterations, double factor);

// A slot in 8 bits: uint8 codes of the shape of p, and a float32 scale per block (optim_8bit_args.h).
struct BlockSlot {
    Tensor codes, scale;
};
void sgd_8bit_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const BlockSlot& m,
                     double momentum, bool nesterov);
void adam_8bit_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const BlockSlot& m,
                      const BlockSlot& v, double beta1, double beta2, double epsilon);
void lion_8bit_update(Tape& tape, const OptimStep& step, const Tensor& p, const Tensor& g, const BlockSlot& m,
                      double beta1, double beta2);

void ema_update(Tape& tape, const Tensor& p, const Tensor& average, const Tensor& iteration, int64_t every,
                double momentum, int64_t overwrite);
void accumulate_gradient(Tape& tape, const Tensor& g, const Tensor& total, const Tensor& y, const Tensor& iteration,
                         int64_t every);

// Write clipped or scaled gradients to y, which may be x itself.
void clip_value(Tape& tape, const Tensor& x, const Tensor& y, double limit);
void clip_norm(Tape& tape, const std::vector<Tensor>& x, const std::vector<Tensor>& y, double limit, bool global);
void divide_gradient(Tape& tape, const Tensor& x, const Tensor& y, double divisor);

}  // namespace netlet::ops
