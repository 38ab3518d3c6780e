#include "ops/higher_order/higher_order.h"
#include "ops/loss/loss_common.h"

namespace netlet::ops {

namespace {

const char* const pointwise_names[] = {"squared_error",
                                       "absolute_error",
                                       "huber",
                                       "log_cosh",
                                       "absolute_percentage_error",
                                       "squared_logarithmic_error",
                                       "poisson",
                                       "kl_divergence",
                                       "binary_crossentropy",
                                       "binary_crossentropy_logits",
                                       "hinge",
                                       "squared_hinge"};
static_assert(std::size(pointwise_names) == (size_t)Pointwise::count);

bool of_difference(Pointwise kind) { return kind <= Pointwise::log_cosh; }

// The outputs of a loss's forward record: a value for each row, or the scalar and, if it depends on data, 1 / divisor.
struct Output {
    Tensor y, scale, w;
    double factor;
    bool reduced;
    Reduction reduction;

    Output(Tape& tape, const RowShape& s, DType dtype, const Tensor& weight, Reduction reduction_, bool divides_by_data)
        : w(weight ? cast(tape, weight, dtype) : nullptr),
          reduced(reduction_ != Reduction::none),
          reduction(reduction_) {
        if (reduction == Reduction::mean_with_weight && !w) reduction = Reduction::mean;
        y = tape.empty(reduced ? Shape{} : s.outer, dtype);
        if (reduced && divides_by_data) scale = tape.empty({1}, DType::f64);
        factor = reduction == Reduction::mean ? (s.rows ? 1 / (double)s.rows : 0) : 1;
    }
    template <class T> LossOut<T> out() const { return {nullptr, nullptr, nullptr, reduction, reduced}; }
    template <class T> LossGrad<T> grad() const { return {nullptr, nullptr, nullptr, factor, !reduced}; }
    // What backward captures.
    Tensor saved_weight() const { return reduced ? w : nullptr; }
};

// Whether w has one weight per row; trailing axes of size 1 are ignored.
bool one_a_row(const Tensor& w, const Shape& outer) {
    if (w->shape.rank() < outer.rank()) return false;
    for (int i = 0; i < w->shape.rank(); ++i)
        if (w->shape[i] != (i < outer.rank() ? outer[i] : 1)) return false;
    return true;
}

// Whether a separate record reduces: large batches, weights of other shapes, weights without a reduction.
bool reduce_later(const RowShape& s, const Tensor& w, Reduction r) {
    if (r == Reduction::none) return w != nullptr;
    return !s.small() || (w && !one_a_row(w, s.outer));
}

void check_same_shape(const char* op, const Tensor& t, const Tensor& x) {
    if (t->shape != x->shape)
        throw ValueError(std::string(op) + ": expected y_true of y_pred's shape " + x->shape.str() + ", received " +
                         t->shape.str());
}

template <class Args, class T>
void emit_rows(Tape& tape, const auto& k, Args& a, Operand first, const Tensor& x, const Output& o, const RowShape& s,
               T) {
    double*& scale = a.out.scale;
    tape.emit(k, a,
              {first, in(a.x, x), out(a.out.y, o.y), in_or(a.out.w, o.w, a.unused, x),
               o.scale ? out(scale, o.scale) : in(a.unused, x)},
              o.reduced ? one_chunk(1, s.work(8).flops) : s.work(8));
}

template <class Args, class T>
void emit_rows_bwd(Tape& tape, const auto& k, Args& a, Operand first, const Tensor& x, const Tensor& dy,
                   const Tensor& w, const Tensor& scale, const Grad& dx, const RowShape& s, T) {
    tape.emit(k, a,
              {first, in(a.x, x), in(a.grad.dy, dy), in_or(a.grad.w, w, a.unused, x),
               scale ? in(a.grad.scale, scale) : in(a.unused, x), into(a.dx, a.accumulate, dx)},
              s.work(12));
}

}  // namespace

Pointwise pointwise_kind(const std::string& name) {
    for (size_t i = 0; i < std::size(pointwise_names); ++i)
        if (name == pointwise_names[i]) return (Pointwise)i;
    throw ValueError("loss_pointwise: unknown loss '" + name + "'");
}

Tensor loss_pointwise(Tape& tape, Pointwise kind, const Tensor& target, const Tensor& x, const Tensor& w,
                      Reduction reduction, const PointwiseOptions& options) {
    const std::string name = std::string("loss_") + pointwise_names[(size_t)kind];
    check_floating(name.c_str(), x);
    check_same_shape(name.c_str(), target, x);
    check_weight(name.c_str(), w);
    const Tensor t = cast(tape, target, x->dtype);
    const RowShape s(x->shape);
    if (reduce_later(s, w, reduction))
        return loss_reduce(tape, loss_pointwise(tape, kind, t, x, nullptr, Reduction::none, options), w, nullptr,
                           reduction);
    if (tape.needs_grad({t}) && !of_difference(kind))
        return pointwise_definition(tape, kind, t, x, w, reduction, options);

    const double row_scale = kind == Pointwise::kl_divergence ? 1 : 1 / (double)std::max<int64_t>(1, s.cols);
    const Output o(tape, s, x->dtype, w, reduction, reduction == Reduction::mean_with_weight && w);
    with_float(x->dtype, [&]<class T>(T type) {
        PointwiseArgs<T> a{nullptr,   nullptr,       nullptr,         o.out<T>(),        {},   nullptr, s.rows, s.cols,
                           row_scale, options.delta, options.epsilon, options.smoothing, kind, false,   false};
        emit_rows(tape, NETLET_KERNEL_FOR(loss_pointwise_fwd, x->dtype), a, in(a.t, t), x, o, s, type);
    });
    if (tape.needs_grad({t, x}))
        tape.on_backward(
            {t, x}, {o.y},
            [=, w = o.saved_weight(), scale = o.scale, o = o.grad<double>()](Tape& tape, const Grads& dy) {
                auto run = [&](const Grad& d, bool negate) {
                    if (!d) return;
                    with_float(x->dtype, [&]<class T>(T type) {
                        const LossGrad<T> g{nullptr, nullptr, nullptr, o.factor, o.per_row};
                        PointwiseArgs<T> a{nullptr,
                                           nullptr,
                                           nullptr,
                                           {},
                                           g,
                                           nullptr,
                                           s.rows,
                                           s.cols,
                                           row_scale,
                                           options.delta,
                                           options.epsilon,
                                           options.smoothing,
                                           kind,
                                           negate,
                                           false};
                        emit_rows_bwd(tape, NETLET_KERNEL_FOR(loss_pointwise_bwd, x->dtype), a, in(a.t, t), x, dy[0], w,
                                      scale, d, s, type);
                    });
                };
                run(tape.grad(x), false);
                run(tape.grad(t), true);
            },
            by_definition([kind, w, reduction, options](Tape& tape, const Tensors& x) {
                return Tensors{pointwise_definition(tape, kind, x[0], x[1], w, reduction, options)};
            }));
    return o.y;
}

Tensor loss_crossentropy(Tape& tape, const Tensor& target, const Tensor& x, const Tensor& w, Reduction reduction,
                         const CrossentropyOptions& options) {
    const char* name = "loss_categorical_crossentropy";
    check_floating(name, x);
    check_same_shape(name, target, x);
    check_weight(name, w);
    if (x->shape.rank() == 0)
        throw ValueError(std::string(name) + ": expected y_pred with a class axis, received shape ()");
    const Tensor t = cast(tape, target, x->dtype);
    const RowShape s(x->shape);
    if (reduce_later(s, w, reduction))
        return loss_reduce(tape, loss_crossentropy(tape, t, x, nullptr, Reduction::none, options), w, nullptr,
                           reduction);
    if (tape.needs_grad({t})) return crossentropy_definition(tape, t, x, w, reduction, options);

    const Output o(tape, s, x->dtype, w, reduction, reduction == Reduction::mean_with_weight && w);
    with_float(x->dtype, [&]<class T>(T type) {
        CrossentropyArgs<T> a{nullptr, nullptr,         nullptr,           o.out<T>(),     {},   nullptr, s.rows,
                              s.cols,  options.epsilon, options.smoothing, options.logits, false};
        emit_rows(tape, NETLET_KERNEL_FOR(loss_crossentropy_fwd, x->dtype), a, in(a.t, t), x, o, s, type);
    });
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {o.y},
            [=, w = o.saved_weight(), scale = o.scale, o = o.grad<double>()](Tape& tape, const Grads& dy) {
                const Grad dx = tape.grad(x);
                if (!dx) return;
                with_float(x->dtype, [&]<class T>(T type) {
                    const LossGrad<T> g{nullptr, nullptr, nullptr, o.factor, o.per_row};
                    CrossentropyArgs<T> a{
                        nullptr,         nullptr,           nullptr,        {},   g, nullptr, s.rows, s.cols,
                        options.epsilon, options.smoothing, options.logits, false};
                    emit_rows_bwd(tape, NETLET_KERNEL_FOR(loss_crossentropy_bwd, x->dtype), a, in(a.t, t), x, dy[0], w,
                                  scale, dx, s, type);
                });
            },
            by_definition([t, w, reduction, options](Tape& tape, const Tensors& x) {
                return Tensors{crossentropy_definition(tape, t, x[0], w, reduction, options)};
            }));
    return o.y;
}

Tensor loss_sparse_crossentropy(Tape& tape, const Tensor& labels, const Tensor& x, const Tensor& w, Reduction reduction,
                                const CrossentropyOptions& options) {
    const char* name = "loss_sparse_categorical_crossentropy";
    check_floating(name, x);
    check_weight(name, w);
    if (x->shape.rank() == 0)
        throw ValueError(std::string(name) + ": expected y_pred with a class axis, received shape ()");
    const RowShape s(x->shape);
    const bool column = labels->shape.rank() == x->shape.rank() && labels->shape.back() == 1;
    if (labels->shape != s.outer && !(column && without_last(labels->shape) == s.outer))
        throw ValueError(std::string(name) + ": expected labels of shape " + s.outer.str() + " for y_pred of shape " +
                         x->shape.str() + ", received " + labels->shape.str());
    if (reduce_later(s, w, reduction)) {
        const Tensor rows = loss_sparse_crossentropy(tape, labels, x, nullptr, Reduction::none, options);
        return loss_reduce(tape, rows, w, options.ignore ? not_label(tape, labels, s.outer, *options.ignore) : nullptr,
                           reduction);
    }

    const bool divides_by_data =
        (reduction == Reduction::mean_with_weight && w) || (reduction != Reduction::sum && options.ignore);
    const Output o(tape, s, x->dtype, w, reduction, divides_by_data);
    auto fields = [=]<class T>(SparseCrossentropyArgs<T>& a) {
        a.rows = s.rows;
        a.cols = s.cols;
        a.ignores = options.ignore.has_value();
        a.ignore = options.ignore.value_or(0);
        a.epsilon = options.epsilon;
        a.label_type = labels->dtype;
        a.logits = options.logits;
    };
    with_float(x->dtype, [&]<class T>(T type) {
        SparseCrossentropyArgs<T> a{};
        fields(a);
        a.out = o.out<T>();
        emit_rows(tape, NETLET_KERNEL_FOR(loss_sparse_fwd, x->dtype), a, in(a.labels, labels), x, o, s, type);
    });
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {o.y},
            [=, w = o.saved_weight(), scale = o.scale, o = o.grad<double>()](Tape& tape, const Grads& dy) {
                const Grad dx = tape.grad(x);
                if (!dx) return;
                with_float(x->dtype, [&]<class T>(T type) {
                    SparseCrossentropyArgs<T> a{};
                    fields(a);
                    a.grad = {nullptr, nullptr, nullptr, o.factor, o.per_row};
                    emit_rows_bwd(tape, NETLET_KERNEL_FOR(loss_sparse_bwd, x->dtype), a, in(a.labels, labels), x, dy[0],
                                  w, scale, dx, s, type);
                });
            },
            by_definition([labels, w, reduction, options](Tape& tape, const Tensors& x) {
                return Tensors{sparse_crossentropy_definition(tape, labels, x[0], w, reduction, options)};
            }));
    return o.y;
}

}  // namespace netlet::ops
