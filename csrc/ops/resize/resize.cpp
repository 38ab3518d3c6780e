#include "ops/resize/resize.h"

#include <algorithm>
#include <vector>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/reduce/cumulative_steps.h"
#include "ops/resize/resize_args.h"

namespace netlet::ops {

namespace {

// The rows of a band matrix (m, n), as tensors that kernels read.
struct Band {
    Tensor first, count, weights;
    int64_t m, n, taps;
};

template <class T>
Band band(const std::vector<int32_t>& first, const std::vector<int32_t>& count, const std::vector<double>& weights,
          int64_t n, DType dtype) {
    Band b;
    b.m = (int64_t)first.size();
    b.n = n;
    b.taps = b.m == 0 ? 0 : (int64_t)weights.size() / b.m;
    b.first = make_tensor({b.m}, DType::i32);
    b.count = make_tensor({b.m}, DType::i32);
    b.weights = make_tensor({b.m, b.taps}, dtype);
    std::copy(first.begin(), first.end(), b.first->data<int32_t>());
    std::copy(count.begin(), count.end(), b.count->data<int32_t>());
    std::transform(weights.begin(), weights.end(), b.weights->data<T>(), [](double w) { return (T)w; });
    return b;
}

template <class T>
Band transposed(const Band& b, DType dtype) {
    const int32_t *first = b.first->data<int32_t>(), *count = b.count->data<int32_t>();
    std::vector<int32_t> begin((size_t)b.n, (int32_t)b.m), end((size_t)b.n, 0);
    for (int64_t i = 0; i < b.m; ++i)
        for (int32_t j = first[i]; j < first[i] + count[i]; ++j) {
            begin[(size_t)j] = std::min(begin[(size_t)j], (int32_t)i);
            end[(size_t)j] = (int32_t)i + 1;
        }
    int64_t taps = 1;
    for (size_t j = 0; j < begin.size(); ++j) {
        if (end[j] == 0) begin[j] = 0;
        end[j] -= begin[j];
        taps = std::max<int64_t>(taps, end[j]);
    }
    std::vector<double> weights((size_t)(b.n * taps), 0.0);
    const T* w = b.weights->data<T>();
    for (int64_t i = 0; i < b.m; ++i)
        for (int32_t t = 0; t < count[i]; ++t) {
            const size_t j = (size_t)(first[i] + t);
            weights[j * (size_t)taps + (size_t)(i - begin[j])] = w[i * b.taps + t];
        }
    return band<T>(begin, end, weights, b.m, dtype);
}

template <class T>
void emit_resample(Tape& tape, const Tensor& x, const Grad& y, const Band& b, int64_t outer, int64_t inner) {
    ResampleArgs<T> args{};
    args.m = b.m;
    args.n = b.n;
    args.inner = inner;
    args.taps = b.taps;
    const int64_t cost = std::max<int64_t>(1, inner * b.taps);
    tape.emit(NETLET_KERNEL_FOR(resample, x->dtype), args,
              {in(args.x, x), in(args.w, b.weights), in(args.first, b.first), in(args.count, b.count),
               into(args.y, args.accumulate, y)},
              Work{outer * b.m, grain_for(16384, cost), 2.0 * (double)(outer * b.m) * (double)cost});
}

template <class T>
Tensor resampled(Tape& tape, const Tensor& x, int axis, const Band& b) {
    const int64_t outer = x->shape.product(0, axis), inner = x->shape.product(axis + 1, x->shape.rank());
    Shape shape = x->shape;
    shape[axis] = b.m;
    Tensor y = tape.empty(shape, x->dtype);
    if (y->size() > 0) emit_resample<T>(tape, x, {y}, b, outer, inner);
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [=, back = transposed<T>(b, x->dtype)](Tape& tape, const Grads& dy) {
                Grad dx = tape.grad(x);
                if (dx && x->size() > 0) emit_resample<T>(tape, dy[0], dx, back, outer, inner);
            },
            [axis, b, dtype = x->dtype](Tape& tape, const Tensors&, const Tensors&, const Grads& dy) {
                return Tensors{resampled<T>(tape, dy[0], axis, transposed<T>(b, dtype))};
            });
    return y;
}

}  // namespace

Tensor resample(Tape& tape, const Tensor& x, int axis, const Tensor& first, const Tensor& count,
                const Tensor& weights) {
    check_floating("resample", x);
    axis = normalize_axis(axis, x->shape.rank(), "resample");
    if (first->recorded() || count->recorded() || weights->recorded() || first->dtype != DType::i32 ||
        count->dtype != DType::i32 || weights->dtype != DType::f64)
        throw TypeError("resample: expected int32 first and count and float64 weights whose values are known");
    const int64_t m = first->size(), n = x->shape[axis];
    if (count->shape != Shape{m} || first->shape != Shape{m} || weights->shape.rank() != 2 || weights->shape[0] != m)
        throw ValueError("resample: expected first (m,), count (m,) and weights (m, taps), received " +
                         first->shape.str() + ", " + count->shape.str() + " and " + weights->shape.str());
    const int32_t *f = first->data<int32_t>(), *c = count->data<int32_t>();
    for (int64_t i = 0; i < m; ++i)
        if (f[i] < 0 || c[i] < 0 || c[i] > weights->shape[1] || (int64_t)f[i] + c[i] > n)
            throw ValueError("resample: expected entries within an axis of " + std::to_string(n) + " and at most " +
                             std::to_string(weights->shape[1]) + " weights, received " + std::to_string(c[i]) +
                             " entries from " + std::to_string(f[i]) + " on for entry " + std::to_string(i));
    const std::vector<int32_t> firsts(f, f + m), counts(c, c + m);
    const std::vector<double> w(weights->data<double>(), weights->data<double>() + weights->size());
    Tensor y;
    with_float(x->dtype, [&]<class T>(T) { y = resampled<T>(tape, x, axis, band<T>(firsts, counts, w, n, x->dtype)); });
    return y;
}

}  // namespace netlet::ops
