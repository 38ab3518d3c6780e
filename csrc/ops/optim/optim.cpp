#include "ops/optim/optim.h"

#include <algorithm>

#include "ops/copy/copy.h"
#include "ops/optim/emit_update.h"
#include "ops/optim/optim_args.h"

namespace netlet::ops {

void check_optim(const char* op, const Tensor& p, std::initializer_list<Tensor> others) {
    check_floating(op, p);
    for (const Tensor& t : others) {
        if (!t) continue;
        check_same_dtype(op, p, t);
        if (t->size() != p->size())
            throw ValueError(std::string(op) + ": expected tensors of " + std::to_string(p->size()) +
                             " elements, as shape " + p->shape.str() + " has, received shape " + t->shape.str());
    }
}

void check_cell(const char* op, const Tensor& cell, DType dtype, const char* what) {
    if (!cell || cell->dtype != dtype || cell->size() != 1)
        throw TypeError(std::string(op) + ": expected " + what + " as one " + name_of(dtype) + " cell, received " +
                        (cell ? std::string(name_of(cell->dtype)) + " of shape " + cell->shape.str() : "nothing"));
}

void check_update(const char* op, const OptimStep& s, const Tensor& p, const Tensor& g, std::span<const Tensor> slots,
                  size_t optional, int moving) {
    check_optim(op, p, {g});
    for (size_t i = 0; i < slots.size(); ++i) {
        check_optim(op, p, {slots[i]});
        if (!slots[i] && i + optional < slots.size())
            throw TypeError(std::string(op) + ": expected a tensor as slot " + std::to_string(i) +
                            ", received nothing");
    }
    check_cell(op, s.lr, DType::f64, "the learning rate");
    check_cell(op, s.iteration, DType::i64, "the iteration");
    if (s.every < 1) throw ValueError(std::string(op) + ": expected every >= 1, received " + std::to_string(s.every));
    if (!s.written) return;
    if (moving < 0) throw ValueError(std::string(op) + ": expected no row maps, because each step changes all rows");
    const int64_t rows = s.written->bytes->size(), used_rows = s.used ? s.used->bytes->size() : rows;
    if (rows == 0 || p->size() % rows != 0 || used_rows != rows)
        throw ValueError(std::string(op) + ": expected maps with one number of rows that divides the " +
                         std::to_string(p->size()) + " parameters, received " + std::to_string(rows) + " and " +
                         std::to_string(used_rows) + " rows");
    for (int i = 0; i < moving; ++i)
        if (slots[(size_t)i] && !s.used)
            throw ValueError(std::string(op) + ": expected a map of the used rows of the slots, received none");
}

Work update_work(OptimCells& c, const OptimStep& s, const Tensor& p, double flops_each) {
    c.every = s.every;
    c.weight_decay = s.weight_decay;
    const Work work = flat(p, flops_each);
    if (!s.written) return work;
    const int64_t rows = s.written->bytes->size();
    c.inner = p->size() / rows;
    return {rows, grain_for(optim_grain, c.inner), work.flops};
}

void sgd_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<1>& m, double momentum,
                bool nesterov) {
    with_float(p->dtype, [&]<class T>(T) {
        SgdArgs<T> a{{}, nullptr, nullptr, nullptr, momentum, nesterov};
        emit_update(tape, NETLET_KERNEL_FOR(sgd_update, p->dtype), a, s,
                    Update<1>{"sgd_update", p, g, m, m[0] ? 4. : 2., 1}, {&a.m});
    });
}

void adam_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<3>& slots, double beta1,
                 double beta2, double epsilon, double lr_ratio, bool rectified) {
    with_float(p->dtype, [&]<class T>(T) {
        AdamArgs<T> a{{}, nullptr, nullptr, nullptr, nullptr, nullptr, beta1, beta2, epsilon, lr_ratio, rectified};
        emit_update(tape, NETLET_KERNEL_FOR(adam_update, p->dtype), a, s,
                    Update<3>{"adam_update", p, g, slots, slots[2] ? 13. : 12., 1}, {&a.m, &a.v, &a.vhat});
    });
}

void rmsprop_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<3>& slots, double rho,
                    double momentum, double epsilon) {
    with_float(p->dtype, [&]<class T>(T) {
        RmspropArgs<T> a{{}, nullptr, nullptr, nullptr, nullptr, nullptr, rho, momentum, epsilon};
        emit_update(tape, NETLET_KERNEL_FOR(rmsprop_update, p->dtype), a, s,
                    Update<3>{"rmsprop_update", p, g, slots, 8. + (slots[1] ? 2 : 0) + (slots[2] ? 4 : 0), 2},
                    {&a.v, &a.m, &a.a});
    });
}

void ema_update(Tape& tape, const Tensor& p, const Tensor& average, const Tensor& iteration, int64_t every,
                double momentum, int64_t overwrite) {
    check_optim("ema_update", p, {average});
    check_cell("ema_update", iteration, DType::i64, "the iteration");
    with_float(p->dtype, [&]<class T>(T) {
        EmaArgs<T> a{nullptr, nullptr, nullptr, every, overwrite, momentum};
        tape.emit(NETLET_KERNEL_FOR(ema_update, p->dtype), a,
                  {in(a.iteration, iteration), inout(a.p, p), inout(a.average, average)}, flat(p, 3));
    });
}

void accumulate_gradient(Tape& tape, const Tensor& g, const Tensor& total, const Tensor& y, const Tensor& iteration,
                         int64_t every) {
    check_optim("accumulate_gradient", g, {total, y});
    check_cell("accumulate_gradient", iteration, DType::i64, "the iteration");
    with_float(g->dtype, [&]<class T>(T) {
        AccumulateGradientArgs<T> a{nullptr, nullptr, nullptr, nullptr, every};
        tape.emit(NETLET_KERNEL_FOR(accumulate_gradient, g->dtype), a,
                  {in(a.iteration, iteration), in(a.g, g), out(a.y, y), inout(a.total, total)}, flat(g, 2));
    });
}

void clip_value(Tape& tape, const Tensor& x, const Tensor& y, double limit) {
    check_optim("clip_value", x, {y});
    with_float(x->dtype, [&]<class T>(T) {
        ClipValueArgs<T> a{nullptr, nullptr, limit};
        tape.emit(NETLET_KERNEL_FOR(clip_value, x->dtype), a, {in(a.x, x), out(a.y, y)}, flat(x, 2));
    });
}

void divide_gradient(Tape& tape, const Tensor& x, const Tensor& y, double divisor) {
    check_optim("divide_gradient", x, {y});
    with_float(x->dtype, [&]<class T>(T) {
        ScaleArgs<T> a{nullptr, nullptr, nullptr, divisor};
        tape.emit(NETLET_KERNEL_FOR(scale, x->dtype), a, {in(a.x, x), out(a.y, y)}, flat(x, 1));
    });
}

void clip_norm(Tape& tape, const std::vector<Tensor>& x, const std::vector<Tensor>& y, double limit, bool global) {
    if (x.size() != y.size()) throw ValueError("clip_norm: expected as many results as gradients");
    int64_t count = 0;
    for (size_t i = 0; i < x.size(); ++i) {
        check_optim("clip_norm", x[i], {y[i]});
        count += chunks(x[i]);
    }
    if (!global)
        for (size_t i = 0; x.size() > 1 && i < x.size(); ++i) clip_norm(tape, {x[i]}, {y[i]}, limit, false);
    if (count == 0 || (!global && x.size() > 1)) return;
    if (count == 1 && x.size() == 1) {
        with_float(x[0]->dtype, [&]<class T>(T) {
            ClipNormArgs<T> a{nullptr, nullptr, limit, global};
            tape.emit(NETLET_KERNEL_FOR(clip_norm, x[0]->dtype), a, {in(a.x, x[0]), out(a.y, y[0])},
                      one_chunk(x[0]->size(), 3.0 * (double)x[0]->size()));
        });
        return;
    }
    const Tensor partial = tape.empty({count}, DType::f64), scale = tape.empty({1}, DType::f64);
    int64_t at = 0;
    for (const Tensor& t : x)
        with_float(t->dtype, [&]<class T>(T) {
            SumSquaresArgs<T> a{nullptr, nullptr, optim_grain};
            const Tensor part = tape.view(partial, {chunks(t)}, at * 8);
            tape.emit(NETLET_KERNEL_FOR(sum_squares, t->dtype), a, {in(a.x, t), out(a.partial, part)}, flat(t, 2));
            at += chunks(t);
        });
    ClipScaleArgs c{nullptr, nullptr, count, limit, global};
    tape.emit(kernel(KernelId::clip_scale), c, {in(c.partial, partial), out(c.scale, scale)}, one_chunk(1));
    for (size_t i = 0; i < x.size(); ++i)
        with_float(x[i]->dtype, [&]<class T>(T) {
            ScaleArgs<T> a{nullptr, nullptr, nullptr, 1};
            tape.emit(NETLET_KERNEL_FOR(scale, x[i]->dtype), a, {in(a.x, x[i]), out(a.y, y[i]), in(a.scale, scale)},
                      flat(x[i], 1));
        });
}

}  // namespace netlet::ops
