#include "ops/metric/confusion.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/loss/loss_common.h"

namespace netlet::ops {

namespace {

constexpr int64_t grain_elements = 16384, most_chunks = 64;

// Rows of `cols` values in a chunk. Chunks are larger than their sums (`cells`), which each of them clears and the end
// adds up.
int64_t chunk_of(int64_t rows, int64_t cols, int64_t cells) {
    return std::max(grain_for(std::max(grain_elements, 2 * cells), cols), ceil_div(rows, most_chunks));
}

void check_state(const char* op, const Tensor& t, int64_t size) {
    if (t && (t->dtype != DType::f64 || t->size() != size))
        throw TypeError(std::string(op) + ": expected a float64 state of " + std::to_string(size) +
                        " numbers, received " + name_of(t->dtype) + " of shape " + t->shape.str());
}

}  // namespace

Spacing spacing_kind(const std::string& name) {
    if (name == "any") return Spacing::any;
    if (name == "even") return Spacing::even;
    if (name == "even_beyond") return Spacing::even_beyond;
    throw ValueError("spacing: expected 'any', 'even' or 'even_beyond', received '" + name + "'");
}

void accumulate_confusion(Tape& tape, const Tensor& y, const Tensor& given, const Tensor& w, const Tensor& label_w,
                          const Tensor& thresholds, const Tensor& order, const ConfusionState& state, Spacing spacing,
                          bool by_label) {
    const char* op = "accumulate_confusion";
    const Tensor x = is_floating(given->dtype) ? given : cast(tape, given, DType::f32);
    if (y->shape != x->shape)
        throw ValueError(std::string(op) + ": expected y_true of y_pred's shape " + x->shape.str() +
                         ", received shape " + y->shape.str());
    const int64_t cols = x->shape.rank() > 1 ? x->shape.back() : 1, count = thresholds->size();
    const int64_t labels = by_label ? cols : 1;
    if (label_w && label_w->size() != cols)
        throw ValueError(std::string(op) + ": expected " + std::to_string(cols) + " label weights, received shape " +
                         label_w->shape.str());
    if (order->recorded() || order->dtype != DType::i32 || order->size() != count || count == 0)
        throw ValueError(std::string(op) + ": expected an int32 order of thresholds");
    for (int64_t i = 0; i < count; ++i)
        if (order->data<int32_t>()[i] < 0 || order->data<int32_t>()[i] >= count)
            throw ValueError(std::string(op) + ": expected an order of " + std::to_string(count) + " thresholds");
    for (const Tensor& t : {state.tp, state.fp, state.tn, state.fn}) check_state(op, t, count * labels);
    if (x->size() == 0) return;

    const int64_t rows = x->size() / cols, buckets = count + 1, cells = labels * 2 * buckets;
    const int64_t grain = chunk_of(rows, cols, cells), chunks = ceil_div(rows, grain);
    const Tensor counts = tape.empty({chunks, cells}, DType::f64);
    const int64_t w_inner = values_of_a_weight(op, x->shape, w);
    with_float(x->dtype, [&]<class T>(T) {
        ConfusionBucketsArgs<T> a{};
        a.cols = cols;
        a.w_rows = w_inner == 1 ? 0 : w_inner / cols;
        a.grain = grain;
        a.labels = labels;
        a.buckets = buckets;
        a.spacing = spacing;
        tape.emit(NETLET_KERNEL_FOR(confusion_buckets, x->dtype), a,
                  {in(a.x, x), in(a.y, cast(tape, y, x->dtype)), in_if(a.w, w ? cast(tape, w, x->dtype) : w),
                   in_if(a.label_w, label_w ? cast(tape, label_w, x->dtype) : label_w),
                   in(a.thresholds, cast(tape, thresholds, x->dtype)), out(a.counts, counts)},
                  Work{rows, grain, 4.0 * (double)x->size()});
    });
    ConfusionCountsArgs a{};
    a.chunks = chunks;
    a.labels = labels;
    a.buckets = buckets;
    tape.emit(kernel(KernelId::confusion_counts), a,
              {inout(a.counts, counts), in(a.order, order), out_if(a.tp, state.tp, true), out_if(a.fp, state.fp, true),
               out_if(a.tn, state.tn, true), out_if(a.fn, state.fn, true)},
              one_chunk(labels, 8.0 * (double)(chunks * cells)));
}

void accumulate_confusion_matrix(Tape& tape, const Tensor& labels, const Tensor& predictions, const Tensor& w,
                                 const Tensor& matrix, const Tensor& outside, int64_t ignore) {
    const char* op = "accumulate_confusion_matrix";
    if (matrix->shape.rank() != 2 || matrix->shape[0] != matrix->shape[1] || matrix->dtype != DType::f64)
        throw TypeError(std::string(op) + ": expected a float64 matrix (C, C), received " + name_of(matrix->dtype) +
                        " of shape " + matrix->shape.str());
    check_state(op, outside, 2);
    if (labels->size() != predictions->size())
        throw ValueError(std::string(op) + ": expected as many labels as predictions, received shapes " +
                         labels->shape.str() + " and " + predictions->shape.str());
    const int64_t n = labels->size(), cells = matrix->size();
    if (n == 0) return;
    ConfusionMatrixArgs a{};
    a.classes = matrix->shape[0];
    a.w_inner = values_of_a_weight(op, labels->shape, w);
    a.grain = chunk_of(n, 1, cells);
    a.chunks = ceil_div(n, a.grain);
    a.ignore = ignore;
    a.label_type = labels->dtype;
    a.prediction_type = predictions->dtype;
    const Tensor partial = a.chunks > 1 ? tape.empty({a.chunks, cells + 2}, DType::f64) : nullptr;
    ConfusionMatrixArgs finish = a;
    const Operand to_matrix = partial ? out(a.partial, partial) : inout(a.matrix, matrix);
    tape.emit(kernel(KernelId::confusion_matrix), a,
              {in(a.labels, labels), in(a.predictions, predictions), in_if(a.w, w ? cast(tape, w, DType::f64) : w),
               to_matrix, out_if(a.outside, partial ? nullptr : outside, true)},
              Work{n, a.grain, 2.0 * (double)n});
    if (partial)
        tape.emit(kernel(KernelId::confusion_matrix_finish), finish,
                  {inout(finish.partial, partial), inout(finish.matrix, matrix), out_if(finish.outside, outside, true)},
                  Work{cells, grain_elements, (double)(a.chunks * cells)});
}

}  // namespace netlet::ops
