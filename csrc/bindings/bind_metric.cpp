// ops/metric: metrics accumulate in float64 state inside the recorded step.
#include <pybind11/stl.h>

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "ops/metric/confusion.h"
#include "ops/metric/metric.h"

namespace netlet::bindings {

void bind_metric(py::module_& m) {
    using namespace py::literals;
    using Optional = std::optional<Arg>;
    m.def(
        "accumulate_mean",
        [](const Arg& values, const Optional& w, const Tensor& state, double count) {
            ops::accumulate_mean(Tape::current(), values, or_null(w), state, count);
        },
        "values"_a, "sample_weight"_a, "state"_a, "count"_a = 1.0, NoGil(),
        "state (2,) float64 += (total, count) of values; (1,): += their weighted sum.");
    m.def(
        "accumulate_accuracy",
        [](const std::string& kind, const Arg& y_true, const Arg& y_pred, const Optional& w, const Tensor& state,
           double threshold) {
            ops::accumulate_accuracy(Tape::current(), ops::accuracy_kind(kind), y_true, y_pred, or_null(w), state,
                                     threshold);
        },
        "kind"_a, "y_true"_a, "y_pred"_a, "sample_weight"_a, "state"_a, "threshold"_a = 0.5, NoGil());
    m.def(
        "accuracy",
        [](const std::string& kind, const Arg& y_true, const Arg& y_pred, double threshold) {
            return ops::accuracy(Tape::current(), ops::accuracy_kind(kind), y_true, y_pred, threshold);
        },
        "kind"_a, "y_true"_a, "y_pred"_a, "threshold"_a = 0.5, NoGil());
    using State = std::optional<Tensor>;
    m.def(
        "accumulate_confusion",
        [](const Arg& y_true, const Arg& y_pred, const Optional& w, const Optional& label_weights,
           const Arg& thresholds, const Arg& order, const State& tp, const State& fp, const State& tn, const State& fn,
           const std::string& spacing, bool by_label) {
            ops::accumulate_confusion(
                Tape::current(), y_true, y_pred, or_null(w), or_null(label_weights), thresholds, order,
                {tp.value_or(nullptr), fp.value_or(nullptr), tn.value_or(nullptr), fn.value_or(nullptr)},
                ops::spacing_kind(spacing), by_label);
        },
        "y_true"_a, "y_pred"_a, "sample_weight"_a, "label_weights"_a, "thresholds"_a, "order"_a, "tp"_a, "fp"_a, "tn"_a,
        "fn"_a, "spacing"_a = "any", "by_label"_a = false, NoGil(),
        "tp, fp, tn, fn (K, labels) or (K,) float64 += counts of y_pred > thresholds (K,), to the rows that order "
        "names.");
    m.def(
        "accumulate_confusion_matrix",
        [](const Arg& labels, const Arg& predictions, const Optional& w, const Tensor& matrix, const State& outside,
           int64_t ignore) {
            ops::accumulate_confusion_matrix(Tape::current(), labels, predictions, or_null(w), matrix,
                                             outside.value_or(nullptr), ignore);
        },
        "labels"_a, "predictions"_a, "sample_weight"_a, "matrix"_a, "outside"_a = py::none(), "ignore"_a = -1, NoGil(),
        "matrix (C, C) float64 += weights at [label, prediction]; outside (2,): number of pairs left out, first "
        "class.");
}

}  // namespace netlet::bindings
