#include "ops/metric/metric.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/loss/loss_common.h"

namespace netlet::ops {

namespace {

constexpr int64_t grain_elements = 16384;

// The fields of MetricSum, except for the pointers.
MetricSum sum_of(const char* op, const Shape& values, const Tensor& w, const Tensor& state, int64_t cols,
                 double count) {
    if (state->dtype != DType::f64 || state->size() < 1 || state->size() > 2)
        throw TypeError(std::string(op) + ": expected a float64 state of 1 or 2 cells, received " +
                        name_of(state->dtype) + " of shape " + state->shape.str());
    MetricSum s{};
    s.n = values.size();
    s.w_inner = values_of_a_weight(op, values, w);
    s.has_count = state->size() == 2;
    s.grain = grain_for(grain_elements, cols);
    s.chunks = ceil_div(s.n, s.grain);
    const int64_t inner = values.rank() > 1 ? values.product(1, values.rank()) : 1;
    s.factor = s.has_count && inner > 0 ? count / (double)inner : count;
    return s;
}

// Emits one record if there is one chunk; else chunks into `partial` and a record that adds them up.
template <class Args>
void emit_sum(Tape& tape, const auto& k, Args& a, const Tensor& state, double flops, Operand o1, Operand o2,
              Operand o3) {
    if (a.sum.chunks <= 1) return tape.emit(k, a, {o1, o2, o3, inout(a.sum.state, state)}, one_chunk(1, flops));
    const Tensor partial = tape.empty({2, a.sum.chunks}, DType::f64);
    tape.emit(k, a, {o1, o2, o3, out(a.sum.partial, partial)}, Work{a.sum.n, a.sum.grain, flops});
    MetricFinishArgs f{a.sum};
    tape.emit(kernel(KernelId::metric_finish), f, {inout(f.sum.partial, partial), inout(f.sum.state, state)},
              one_chunk(1));
}

// Targets in the form that the kernel reads, and the shape of the values.
struct Checked {
    Tensor t, x;
    Shape values;
    int64_t cols = 1;
};

Checked check_accuracy(Tape& tape, Accuracy kind, const Tensor& t, const Tensor& x) {
    Checked c{t, is_floating(x->dtype) ? x : cast(tape, x, DType::f64), x->shape};
    const bool by_rows = kind == Accuracy::sparse || kind == Accuracy::categorical;
    if (by_rows) {
        if (x->shape.rank() == 0 || x->shape.back() == 0)
            throw ValueError("accuracy: expected y_pred with a class axis, received shape " + x->shape.str());
        c.cols = x->shape.back();
        c.values = Shape{};
        for (int i = 0; i + 1 < x->shape.rank(); ++i) c.values.push_back(x->shape[i]);
    }
    bool fits = t->shape == x->shape;
    if (kind == Accuracy::sparse) {
        Shape column = c.values;
        column.push_back(1);
        fits = t->shape == c.values || t->shape == column;
    } else {
        // Keras compares in y_pred's dtype, except for the binary kind, where 0 and 1 are exact in any.
        if (kind != Accuracy::binary) c.t = cast(tape, t, x->dtype);
        c.t = cast(tape, c.t, c.x->dtype);
    }
    if (!fits)
        throw ValueError("accuracy: expected y_true that matches y_pred of shape " + x->shape.str() +
                         ", received shape " + t->shape.str());
    return c;
}

template <class T>
AccuracyArgs<T> accuracy_args(Accuracy kind, const Checked& c, const MetricSum& sum, double threshold) {
    AccuracyArgs<T> a{};
    a.sum = sum;
    a.cols = c.cols;
    a.threshold = threshold;
    a.kind = kind;
    a.label_type = c.t->dtype;
    return a;
}

template <class T>
Operand targets(AccuracyArgs<T>& a, const Checked& c) {
    return a.kind == Accuracy::sparse ? in(a.labels, c.t) : in(a.t, c.t);
}

}  // namespace

Accuracy accuracy_kind(const std::string& name) {
    if (name == "sparse") return Accuracy::sparse;
    if (name == "categorical") return Accuracy::categorical;
    if (name == "binary") return Accuracy::binary;
    if (name == "equal") return Accuracy::equal;
    throw ValueError("accuracy: expected 'sparse', 'categorical', 'binary' or 'equal', received '" + name + "'");
}

void accumulate_mean(Tape& tape, const Tensor& values, const Tensor& weight, const Tensor& state, double count) {
    const Tensor v = is_floating(values->dtype) ? values : cast(tape, values, DType::f64);
    const Tensor w = weight ? cast(tape, weight, v->dtype) : nullptr;
    const MetricSum sum = sum_of("accumulate_mean", v->shape, w, state, 1, count);
    with_float(v->dtype, [&]<class T>(T) {
        AccumulateMeanArgs<T> a{};
        a.sum = sum;
        emit_sum(tape, NETLET_KERNEL_FOR(accumulate_mean, v->dtype), a, state, 2.0 * (double)sum.n, in(a.v, v),
                 in_or(a.w, w, a.unused, v), in(a.unused, v));
    });
}

void accumulate_accuracy(Tape& tape, Accuracy kind, const Tensor& t, const Tensor& x, const Tensor& weight,
                         const Tensor& state, double threshold) {
    const Checked c = check_accuracy(tape, kind, t, x);
    const Tensor w = weight ? cast(tape, weight, c.x->dtype) : nullptr;
    const MetricSum sum = sum_of("accuracy", c.values, w, state, c.cols, 1);
    with_float(c.x->dtype, [&]<class T>(T) {
        AccuracyArgs<T> a = accuracy_args<T>(kind, c, sum, threshold);
        emit_sum(tape, NETLET_KERNEL_FOR(accuracy, c.x->dtype), a, state, 2.0 * (double)c.x->size(), targets(a, c),
                 in(a.x, c.x), in_or(a.w, w, a.unused, c.x));
    });
}

Tensor accuracy(Tape& tape, Accuracy kind, const Tensor& t, const Tensor& x, double threshold) {
    const Checked c = check_accuracy(tape, kind, t, x);
    const Tensor y = tape.empty(c.values, c.x->dtype);
    const int64_t rows = c.values.size();
    with_float(c.x->dtype, [&]<class T>(T) {
        AccuracyArgs<T> a = accuracy_args<T>(kind, c, {}, threshold);
        tape.emit(NETLET_KERNEL_FOR(accuracy, c.x->dtype), a, {targets(a, c), in(a.x, c.x), out(a.y, y)},
                  Work{rows, grain_for(grain_elements, c.cols), 2.0 * (double)c.x->size()});
    });
    return y;
}

}  // namespace netlet::ops
