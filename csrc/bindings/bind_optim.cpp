// ops/optim: in-place updates of flat parameter segments. Only netlet.optimizers calls these, with Tensors.
#include <pybind11/stl.h>

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "ops/optim/optim.h"

namespace netlet::bindings {

namespace {

using Maybe = std::optional<Tensor>;  // an optional slot

using MaybeRows = std::optional<Rows>;

template <class T> T or_nothing(const std::optional<T>& t) { return t ? *t : nullptr; }

}  // namespace

void bind_optim(py::module_& m) {
    using namespace py::literals;
    m.def(
        "sgd_update",
        [](const Tensor& p, const Tensor& g, const Maybe& m, const Tensor& lr, const Tensor& iteration, double momentum,
           bool nesterov, double weight_decay, int64_t every, const MaybeRows& written, const MaybeRows& used) {
            ops::sgd_update(Tape::current(),
                            {lr, iteration, every, weight_decay, or_nothing(written), or_nothing(used)}, p, g,
                            or_nothing(m), momentum, nesterov);
        },
        "p"_a, "g"_a, "m"_a, "lr"_a, "iteration"_a, "momentum"_a = 0.0, "nesterov"_a = false, "weight_decay"_a = 0.0,
        "every"_a = 1, "written"_a = py::none(), "used"_a = py::none(), NoGil());
    m.def(
        "adam_update",
        [](const Tensor& p, const Tensor& g, const Tensor& m, const Tensor& v, const Maybe& vhat, const Tensor& lr,
           const Tensor& iteration, double beta_1, double beta_2, double epsilon, double weight_decay, int64_t every,
           const MaybeRows& written, const MaybeRows& used) {
            ops::adam_update(Tape::current(),
                             {lr, iteration, every, weight_decay, or_nothing(written), or_nothing(used)}, p, g, m, v,
                             or_nothing(vhat), beta_1, beta_2, epsilon);
        },
        "p"_a, "g"_a, "m"_a, "v"_a, "vhat"_a, "lr"_a, "iteration"_a, "beta_1"_a = 0.9, "beta_2"_a = 0.999,
        "epsilon"_a = 1e-7, "weight_decay"_a = 0.0, "every"_a = 1, "written"_a = py::none(), "used"_a = py::none(),
        NoGil());
    m.def(
        "rmsprop_update",
        [](const Tensor& p, const Tensor& g, const Tensor& v, const Maybe& m, const Maybe& a, const Tensor& lr,
           const Tensor& iteration, double rho, double momentum, double epsilon, double weight_decay, int64_t every,
           const MaybeRows& written, const MaybeRows& used) {
            ops::rmsprop_update(Tape::current(),
                                {lr, iteration, every, weight_decay, or_nothing(written), or_nothing(used)}, p, g, v,
                                or_nothing(m), or_nothing(a), rho, momentum, epsilon);
        },
        "p"_a, "g"_a, "v"_a, "m"_a, "a"_a, "lr"_a, "iteration"_a, "rho"_a = 0.9, "momentum"_a = 0.0, "epsilon"_a = 1e-7,
        "weight_decay"_a = 0.0, "every"_a = 1, "written"_a = py::none(), "used"_a = py::none(), NoGil());
    m.def(
        "ema_update",
        [](const Tensor& p, const Tensor& average, const Tensor& iteration, double momentum, int64_t overwrite,
           int64_t every) { ops::ema_update(Tape::current(), p, average, iteration, every, momentum, overwrite); },
        "p"_a, "average"_a, "iteration"_a, "momentum"_a = 0.99, "overwrite"_a = 0, "every"_a = 1, NoGil());
    m.def(
        "accumulate_gradient",
        [](const Tensor& g, const Tensor& total, const Tensor& y, const Tensor& iteration, int64_t every) {
            ops::accumulate_gradient(Tape::current(), g, total, y, iteration, every);
        },
        "g"_a, "total"_a, "y"_a, "iteration"_a, "every"_a, NoGil());
    m.def(
        "clip_gradient_value",
        [](const Tensor& x, const Tensor& y, double limit) { ops::clip_value(Tape::current(), x, y, limit); }, "x"_a,
        "y"_a, "limit"_a, NoGil());
    m.def(
        "clip_gradient_norm",
        [](const std::vector<Tensor>& x, const std::vector<Tensor>& y, double limit, bool global) {
            ops::clip_norm(Tape::current(), x, y, limit, global);
        },
        "x"_a, "y"_a, "limit"_a, "global_norm"_a = false, NoGil());
    m.def(
        "divide_gradient",
        [](const Tensor& x, const Tensor& y, double divisor) { ops::divide_gradient(Tape::current(), x, y, divisor); },
        "x"_a, "y"_a, "divisor"_a, NoGil());
}

}  // namespace netlet::bindings
