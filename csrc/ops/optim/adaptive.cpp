#include "ops/copy/copy.h"
#include "ops/optim/adaptive_args.h"
#include "ops/optim/emit_update.h"

namespace netlet::ops {

void adagrad_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<1>& n,
                    double epsilon) {
    with_float(p->dtype, [&]<class T>(T) {
        AdagradArgs<T> a{{}, nullptr, nullptr, nullptr, epsilon};
        emit_update(tape, NETLET_KERNEL_FOR(adagrad_update, p->dtype), a, s,
                    Update<1>{"adagrad_update", p, g, n, 7, 0, 0}, {&a.n});
    });
}

void adadelta_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<2>& slots,
                     double rho, double epsilon) {
    with_float(p->dtype, [&]<class T>(T) {
        AdadeltaArgs<T> a{{}, nullptr, nullptr, nullptr, nullptr, rho, epsilon};
        emit_update(tape, NETLET_KERNEL_FOR(adadelta_update, p->dtype), a, s,
                    Update<2>{"adadelta_update", p, g, slots, 16}, {&a.v, &a.d});
    });
}

void adamax_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<2>& slots,
                   double beta1, double beta2, double epsilon) {
    with_float(p->dtype, [&]<class T>(T) {
        AdamaxArgs<T> a{{}, nullptr, nullptr, nullptr, nullptr, beta1, beta2, epsilon};
        emit_update(tape, NETLET_KERNEL_FOR(adamax_update, p->dtype), a, s, Update<2>{"adamax_update", p, g, slots, 10},
                    {&a.m, &a.u});
    });
}

void nadam_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<2>& slots,
                  const Tensor& u_product, double beta1, double beta2, double epsilon) {
    check_cell("nadam_update", u_product, p->dtype, "u_product");
    with_float(p->dtype, [&]<class T>(T) {
        NadamArgs<T> a{{}, nullptr, nullptr, nullptr, nullptr, nullptr, beta1, beta2, epsilon};
        emit_update(tape, NETLET_KERNEL_FOR(nadam_update, p->dtype), a, s, Update<2>{"nadam_update", p, g, slots, 16},
                    {&a.m, &a.v}, {in(a.u_product, u_product)});
    });
}

void nadam_product(Tape& tape, const Tensor& u_product, const Tensor& iteration, double beta1, int64_t every) {
    check_floating("nadam_product", u_product);
    check_cell("nadam_product", u_product, u_product->dtype, "u_product");
    check_cell("nadam_product", iteration, DType::i64, "the iteration");
    if (every < 1) throw ValueError("nadam_product: expected every >= 1, received " + std::to_string(every));
    with_float(u_product->dtype, [&]<class T>(T) {
        NadamProductArgs<T> a{nullptr, nullptr, every, beta1};
        tape.emit(NETLET_KERNEL_FOR(nadam_product, u_product->dtype), a,
                  {in(a.iteration, iteration), inout(a.u_product, u_product)}, one_chunk(1));
    });
}

void ftrl_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<2>& slots,
                 double lr_power, double l1, double l2, double l2_shrinkage, double beta) {
    with_float(p->dtype, [&]<class T>(T) {
        FtrlArgs<T> a{{}, nullptr, nullptr, nullptr, nullptr, lr_power, l1, l2, l2_shrinkage, beta};
        emit_update(tape, NETLET_KERNEL_FOR(ftrl_update, p->dtype), a, s,
                    Update<2>{"ftrl_update", p, g, slots, 18, 0, -1}, {&a.n, &a.z});
    });
}

void lion_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<1>& m, double beta1,
                 double beta2) {
    with_float(p->dtype, [&]<class T>(T) {
        LionArgs<T> a{{}, nullptr, nullptr, nullptr, beta1, beta2};
        emit_update(tape, NETLET_KERNEL_FOR(lion_update, p->dtype), a, s, Update<1>{"lion_update", p, g, m, 9}, {&a.m});
    });
}

void schedule_free_adamw_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<2>& slots,
                                double beta1, double beta2, double epsilon, int64_t warmup_steps) {
    with_float(p->dtype, [&]<class T>(T) {
        ScheduleFreeAdamwArgs<T> a{{}, nullptr, nullptr, nullptr, nullptr, beta1, beta2, epsilon, warmup_steps};
        emit_update(tape, NETLET_KERNEL_FOR(schedule_free_adamw_update, p->dtype), a, s,
                    Update<2>{"schedule_free_adamw_update", p, g, slots, 16, 0, -1}, {&a.z, &a.v});
    });
}

void rprop_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<2>& slots,
                  double eta_minus, double eta_plus, double smallest, double largest) {
    with_float(p->dtype, [&]<class T>(T) {
        RpropArgs<T> a{{}, nullptr, nullptr, nullptr, nullptr, eta_minus, eta_plus, smallest, largest};
        emit_update(tape, NETLET_KERNEL_FOR(rprop_update, p->dtype), a, s,
                    Update<2>{"rprop_update", p, g, slots, 6, 0, 1}, {&a.previous, &a.size});
    });
}

void asgd_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<1>& average,
                 double lambd, double alpha, double t0) {
    with_float(p->dtype, [&]<class T>(T) {
        AsgdArgs<T> a{{}, nullptr, nullptr, nullptr, lambd, alpha, t0};
        emit_update(tape, NETLET_KERNEL_FOR(asgd_update, p->dtype), a, s,
                    Update<1>{"asgd_update", p, g, average, 6, 0, -1}, {&a.average});
    });
}

}  // namespace netlet::ops
