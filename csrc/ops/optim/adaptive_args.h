// Updates whose step depends on the history of each element's gradient; optim_cells.h has what they share.
// t = 1, 2, ... is the number of the update.
#pragma once
#include "ops/optim/optim_cells.h"

namespace netlet {

// Duchi et al., 2011: n += g^2;  p -= lr g / sqrt(n + epsilon)
template <class T>
struct AdagradArgs {
    OptimCells c;
    const T* g;
    T *p, *n;
    double epsilon;
};

// Zeiler, 2012: v = rho v + (1 - rho) g^2;  s = sqrt(d + epsilon) g / sqrt(v + epsilon);
//   d = rho d + (1 - rho) s^2;  p -= lr s
template <class T>
struct AdadeltaArgs {
    OptimCells c;
    const T* g;
    T *p, *v, *d;
    double rho, epsilon;
};

// Kingma and Ba, 2015, section 7.1: m += (1 - beta1) (g - m);  u = max(beta2 u, |g|);
//   p -= lr / (1 - beta1^t) * m / (u + epsilon)
template <class T>
struct AdamaxArgs {
    OptimCells c;
    const T* g;
    T *p, *m, *u;
    double beta1, beta2, epsilon;
};

// Dozat, 2016. With mu_t = beta1 (1 - 0.96^t / 2) and P = mu_1 mu_2 ... mu_t, a scalar cell:
//   m += (1 - beta1) (g - m);  v += (1 - beta2) (g^2 - v)
//   p -= lr (mu_{t+1} m / (1 - P mu_{t+1}) + (1 - mu_t) g / (1 - P)) / (sqrt(v / (1 - beta2^t)) + epsilon)
template <class T>
struct NadamArgs {
    OptimCells c;
    const T* g;
    T *p, *m, *v;
    const T* u_product;  // P
    double beta1, beta2, epsilon;
};

// P *= mu_t, once for each step, before the updates
template <class T>
struct NadamProductArgs {
    const int64_t* iteration;
    T* u_product;
    int64_t every;
    double beta1;
};

// McMahan et al., 2013, with the shrinkage of TensorFlow's and Keras's Ftrl. With q(x) = x^-lr_power and the old n:
//   z += g + 2 l2_shrinkage p - (q(n + g^2) - q(n)) / lr * p;  n += g^2
//   p = (clip(z, -l1, l1) - z) / (q(n) / lr + 2 l2 + beta / lr), 0 where the numerator is 0
template <class T>
struct FtrlArgs {
    OptimCells c;
    const T* g;
    T *p, *n, *z;
    double lr_power, l1, l2, l2_shrinkage, beta;
};

// Chen et al., 2023: p -= lr sign(beta1 m + (1 - beta1) g);  m = beta2 m + (1 - beta2) g
template <class T>
struct LionArgs {
    OptimCells c;
    const T* g;
    T *p, *m;
    double beta1, beta2;
};

// Defazio et al., 2024, with the weight 1 / t of Keras. p is the point y where gradients are taken, z the point that
// moves, and x = (y - (1 - beta1) z) / beta1 the average of all z, which is not stored. With the old z:
//   v += (1 - beta2) (g^2 - v);  z' = z - lr min(t / warmup_steps, 1) g / (sqrt(v / (1 - beta2^t)) + epsilon)
//   x' = (1 - 1/t) x + z' / t;  y = (1 - beta1) z' + beta1 x'
template <class T>
struct ScheduleFreeAdamwArgs {
    OptimCells c;
    const T* g;
    T *p, *z, *v;
    double beta1, beta2, epsilon;
    int64_t warmup_steps;
};

// Riedmiller and Braun, 1993, as in PyTorch (without weight backtracking). With s = sign(g previous): size times eta_plus
// (s = 1), eta_minus (-1) or 1 (0), limited to [smallest, largest];  g = 0 where s = -1;  p -= sign(g) size;
//   previous = g
template <class T>
struct RpropArgs {
    OptimCells c;
    const T* g;
    T *p, *previous, *size;
    double eta_minus, eta_plus, smallest, largest;
};

// Polyak and Juditsky, 1992, with Bottou's rates, as in PyTorch: eta = lr / (1 + lambd lr (t - 1))^alpha;
//   p = (1 - lambd eta) p - eta g;  average += mu (p - average), mu = 1 / max(1, t - 1 - t0)
template <class T>
struct AsgdArgs {
    OptimCells c;
    const T* g;
    T *p, *average;
    double lambd, alpha, t0;
};

}  // namespace netlet
