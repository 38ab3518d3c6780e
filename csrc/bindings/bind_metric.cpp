// ops/metric: metrics accumulate in float64 state inside the recorded step.
#include <pybind11/stl.h>

#include "bindings/array_view.h"
#include "bindings/bindings.h"
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
}

}  // namespace netlet::bindings
