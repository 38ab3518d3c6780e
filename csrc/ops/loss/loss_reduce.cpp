// The reduction of values to a loss, and the checks around a loss.
#include "ops/higher_order/higher_order.h"
#include "ops/loss/loss_common.h"

namespace netlet::ops {

int64_t values_of_a_weight(const char* op, const Shape& shape, const Tensor& w) {
    if (!w) return 1;
    int axes = w->shape.rank();
    while (axes > 0 && w->shape[axes - 1] == 1) --axes;
    bool leading = axes <= shape.rank();
    for (int i = 0; leading && i < axes; ++i) leading = w->shape[i] == shape[i];
    if (!leading)
        throw ValueError(std::string(op) + ": expected weights with the leading axes of the values' shape " +
                         shape.str() + ", received shape " + w->shape.str());
    return std::max<int64_t>(1, shape.size() / std::max<int64_t>(1, w->size()));
}

Reduction reduction_kind(const std::string& name) {
    if (name == "none") return Reduction::none;
    if (name == "sum") return Reduction::sum;
    if (name == "mean" || name == "sum_over_batch_size") return Reduction::mean;
    if (name == "mean_with_sample_weight") return Reduction::mean_with_weight;
    throw ValueError(
        "reduction: expected 'sum_over_batch_size', 'mean', 'sum', 'mean_with_sample_weight' or 'none', received '" +
        name + "'");
}

Tensor loss_reduce(Tape& tape, const Tensor& v, const Tensor& weight, const Tensor& mask, Reduction reduction) {
    if (reduction == Reduction::mean_with_weight && !weight) reduction = Reduction::mean;
    check_floating("loss_reduce", v);
    check_weight("loss_reduce", weight);
    if (mask && (mask->dtype != DType::boolean || mask->size() != v->size()))
        throw ValueError("loss_reduce: expected a bool mask of shape " + v->shape.str() + ", received " +
                         name_of(mask->dtype) + " of shape " + mask->shape.str());
    const Tensor w = weight ? cast(tape, weight, v->dtype) : nullptr;
    const bool none = reduction == Reduction::none;
    if (none && !w && !mask) return identity(tape, v);

    const int64_t n = v->size(), chunks = ceil_div(n, loss_grain);
    const int64_t w_inner = values_of_a_weight("loss_reduce", v->shape, w);
    const bool weighs = reduction == Reduction::mean_with_weight && w;
    const Tensor y = tape.empty(none ? v->shape : Shape{}, v->dtype);
    const Tensor scale =
        !none && (weighs || (mask && reduction != Reduction::sum)) ? tape.empty({1}, DType::f64) : nullptr;
    const double factor = reduction == Reduction::sum || none ? 1 : n ? 1 / (double)n : 0;

    // y = v * w * mask, or dv = dy * w * mask / divisor: the same kernel.
    auto weigh = [=](Tape& tape, const Tensor& from, const Grad& to) {
        with_float(v->dtype, [&]<class T>(T) {
            LossReduceArgs<T> a{};
            a.n = n;
            a.w_inner = w_inner;
            a.factor = factor;
            a.reduction = reduction;
            tape.emit(NETLET_KERNEL_FOR(loss_reduce_bwd, v->dtype), a,
                      {in(a.dy, from), in_or(a.w, w, a.unused, from), mask ? in(a.mask, mask) : in(a.unused, from),
                       scale ? in(a.read_scale, scale) : in(a.unused, from), into(a.dv, a.accumulate, to)},
                      elementwise_work(n, 2));
        });
    };
    if (none) {
        weigh(tape, v, {y});
    } else {
        with_float(v->dtype, [&]<class T>(T) {
            LossReduceArgs<T> a{};
            a.n = n;
            a.w_inner = w_inner;
            a.grain = loss_grain;
            a.chunks = chunks;
            a.reduction = reduction;
            const Tensor partial = chunks > 1 ? tape.empty({2, chunks}, DType::f64) : nullptr;
            const Operand values = in(a.v, v), weights = in_or(a.w, w, a.unused, v),
                          masks = mask ? in(a.mask, mask) : in(a.unused, v);
            const auto result = [&](LossReduceArgs<T>& to) { return out(to.y, y); };
            const auto divisor = [&](LossReduceArgs<T>& to) { return scale ? out(to.scale, scale) : in(to.unused, v); };
            const auto k = NETLET_KERNEL_FOR(loss_reduce_fwd, v->dtype);
            if (!partial) {
                tape.emit(k, a, {values, weights, masks, result(a), divisor(a)}, one_chunk(1, 2.0 * (double)n));
                return;
            }
            LossReduceArgs<T> last = a;  // without the pointers that the first record leaves in a
            tape.emit(k, a, {values, weights, masks, out(a.partial, partial)}, Work{n, loss_grain, 2.0 * (double)n});
            tape.emit(NETLET_KERNEL_FOR(loss_reduce_partials, v->dtype), last,
                      {inout(last.partial, partial), result(last), divisor(last)}, one_chunk(1));
        });
    }
    if (tape.needs_grad({v}))
        tape.on_backward(
            {v}, {y},
            [v, weigh](Tape& tape, const Grads& dy) {
                if (Grad dv = tape.grad(v)) weigh(tape, dy[0], dv);
            },
            by_definition([w, mask, reduction](Tape& tape, const Tensors& x) {
                return Tensors{reduction_definition(tape, x[0], w, mask, reduction)};
            }));
    return y;
}

Tensor not_label(Tape& tape, const Tensor& labels, const Shape& shape, int64_t ignore) {
    Tensor y = tape.empty(shape, DType::boolean);
    NotLabelArgs a{};
    a.type = labels->dtype;
    a.ignore = ignore;
    tape.emit(kernel(KernelId::loss_not_label), a, {in(a.labels, labels), out(a.y, y)}, elementwise_work(y->size()));
    return y;
}

Tensor hinge_labels(Tape& tape, const Tensor& t) {
    check_floating("hinge_labels", t);
    if (tape.needs_grad({t})) return hinge_labels_definition(tape, t);
    const Tensor y = tape.empty(t->shape, t->dtype);
    with_float(t->dtype, [&]<class T>(T) {
        HingeLabelsArgs<T> a{nullptr, nullptr, t->size()};
        tape.emit(NETLET_KERNEL_FOR(hinge_labels, t->dtype), a, {in(a.t, t), out(a.y, y)},
                  one_chunk(1, (double)t->size()));
    });
    return y;
}

void check_finite(Tape& tape, const Tensor& x, const Tensor& flag, const Tensor& loss, const Rows& written) {
    check_floating("check_finite", x);
    if (flag->dtype != DType::i32 || flag->size() != 1)
        throw TypeError("check_finite: expected one int32 cell for the flag, received " +
                        std::string(name_of(flag->dtype)) + " of shape " + flag->shape.str());
    if (loss && (loss->dtype != x->dtype || loss->size() != 1))
        throw TypeError("check_finite: expected the loss as one " + std::string(name_of(x->dtype)) + ", received " +
                        name_of(loss->dtype) + " of shape " + loss->shape.str());
    const int64_t rows = written ? written->bytes->size() : 0;
    if (written && (rows == 0 || x->size() % rows != 0))
        throw ValueError("check_finite: expected a map whose number of rows divides " + std::to_string(x->size()) +
                         " elements, received " + std::to_string(rows) + " rows");
    with_float(x->dtype, [&]<class T>(T) {
        Tensor values = x;
        if (written || x->size() > loss_grain) {
            FinitePartialsArgs<T> p{nullptr, nullptr, nullptr, written ? x->size() / rows : 1, loss_grain};
            if (written) {
                tape.rely_on(written);
                p.grain = grain_for(loss_grain, p.inner);
            }
            const int64_t units = written ? rows : x->size();
            values = tape.empty({ceil_div(units, p.grain)}, x->dtype);
            tape.emit(NETLET_KERNEL_FOR(finite_partials, x->dtype), p,
                      {in(p.x, x), out(p.partial, values), in_if(p.written, written ? written->bytes : nullptr)},
                      Work{units, p.grain, 2.0 * (double)x->size()});
        }
        CheckFiniteArgs<T> a{nullptr, nullptr, nullptr, values->size()};
        tape.emit(NETLET_KERNEL_FOR(check_finite, x->dtype), a,
                  {in(a.x, values), in_if(a.loss, loss), out(a.flag, flag)}, one_chunk(1, 2.0 * (double)a.n));
    });
}

}  // namespace netlet::ops
