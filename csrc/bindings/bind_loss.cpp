// ops/loss. `reduction` takes Keras's names; "none" returns one value per row.
#include <pybind11/stl.h>

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "ops/loss/loss.h"

namespace netlet::bindings {

void bind_loss(py::module_& m) {
    using namespace py::literals;
    using Optional = std::optional<Arg>;
    m.def(
        "loss_pointwise",
        [](const std::string& kind, const Arg& y_true, const Arg& y_pred, const Optional& w,
           const std::string& reduction, double delta, double epsilon, double label_smoothing) {
            return ops::loss_pointwise(Tape::current(), ops::pointwise_kind(kind), y_true, y_pred, or_null(w),
                                       ops::reduction_kind(reduction), {delta, epsilon, label_smoothing});
        },
        "kind"_a, "y_true"_a, "y_pred"_a, "sample_weight"_a = py::none(), "reduction"_a = "none", "delta"_a = 1.0,
        "epsilon"_a = 1e-7, "label_smoothing"_a = 0.0, NoGil());
    m.def(
        "loss_categorical_crossentropy",
        [](const Arg& y_true, const Arg& y_pred, const Optional& w, const std::string& reduction, bool from_logits,
           double label_smoothing, double epsilon) {
            return ops::loss_crossentropy(Tape::current(), y_true, y_pred, or_null(w), ops::reduction_kind(reduction),
                                          {from_logits, epsilon, label_smoothing, {}});
        },
        "y_true"_a, "y_pred"_a, "sample_weight"_a = py::none(), "reduction"_a = "none", "from_logits"_a = false,
        "label_smoothing"_a = 0.0, "epsilon"_a = 1e-7, NoGil());
    m.def(
        "loss_sparse_categorical_crossentropy",
        [](const Arg& y_true, const Arg& y_pred, const Optional& w, const std::string& reduction, bool from_logits,
           const std::optional<int64_t>& ignore_class, double epsilon) {
            return ops::loss_sparse_crossentropy(Tape::current(), y_true, y_pred, or_null(w),
                                                 ops::reduction_kind(reduction),
                                                 {from_logits, epsilon, 0, ignore_class});
        },
        "y_true"_a, "y_pred"_a, "sample_weight"_a = py::none(), "reduction"_a = "none", "from_logits"_a = false,
        "ignore_class"_a = py::none(), "epsilon"_a = 1e-7, NoGil());
    m.def(
        "loss_reduce",
        [](const Arg& values, const Optional& w, const Optional& mask, const std::string& reduction) {
            return ops::loss_reduce(Tape::current(), values, or_null(w), or_null(mask), ops::reduction_kind(reduction));
        },
        "values"_a, "sample_weight"_a = py::none(), "mask"_a = py::none(), "reduction"_a = "sum_over_batch_size",
        NoGil());
    m.def(
        "hinge_labels", [](const Arg& y_true) { return ops::hinge_labels(Tape::current(), y_true); }, "y_true"_a,
        NoGil());
    m.def(
        "check_finite",
        [](const Arg& x, const Tensor& flag, const Optional& loss, const std::optional<Rows>& written) {
            ops::check_finite(Tape::current(), x, flag, or_null(loss), written.value_or(nullptr));
        },
        "x"_a, "flag"_a, "loss"_a = py::none(), "written"_a = py::none(), NoGil(),
        "flag (one int32) = 1 if the loss is infinite or NaN, else 2 if anything in x is, else 0.");
}

}  // namespace netlet::bindings
