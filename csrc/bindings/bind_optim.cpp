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

template <size_t> using MaybeSlot = Maybe;

// An argument that is a Tensor. pybind11 passes a null pointer for None unless it is told to refuse it.
py::arg tensor(const char* name) { return py::arg(name).none(false); }

// Defines an update: p, g, its slots by name, lr and iteration, its own arguments, and the options that all share.
template <size_t N, size_t... I, class... Own>
void def_update(py::module_& m, const char* name,
                void (*update)(Tape&, const ops::OptimStep&, const Tensor&, const Tensor&, const ops::Slots<N>&,
                               Own...),
                const char* const (&slots)[N], std::index_sequence<I...>, const auto&... own) {
    using namespace py::literals;
    m.def(
        name,
        [update](const Tensor& p, const Tensor& g, const MaybeSlot<I>&... slot, const Tensor& lr,
                 const Tensor& iteration, Own... values, double weight_decay, int64_t every, const MaybeRows& written,
                 const MaybeRows& used) {
            update(Tape::current(), {lr, iteration, every, weight_decay, or_nothing(written), or_nothing(used)}, p, g,
                   {or_nothing(slot)...}, values...);
        },
        tensor("p"), tensor("g"), py::arg(slots[I])..., tensor("lr"), tensor("iteration"), own...,
        "weight_decay"_a = 0.0, "every"_a = 1, "written"_a = py::none(), "used"_a = py::none(), NoGil());
}
template <size_t N, class... Own>
void def_update(py::module_& m, const char* name,
                void (*update)(Tape&, const ops::OptimStep&, const Tensor&, const Tensor&, const ops::Slots<N>&,
                               Own...),
                const char* const (&slots)[N], const auto&... own) {
    def_update(m, name, update, slots, std::make_index_sequence<N>(), own...);
}

void bind_8bit(py::module_& m) {
    using namespace py::literals;
    m.def(
        "sgd_8bit_update",
        [](const Tensor& p, const Tensor& g, const Tensor& m, const Tensor& m_scale, const Tensor& lr,
           const Tensor& iteration, double momentum, bool nesterov, double weight_decay, int64_t every) {
            ops::sgd_8bit_update(Tape::current(), {lr, iteration, every, weight_decay}, p, g, {m, m_scale}, momentum,
                                 nesterov);
        },
        tensor("p"), tensor("g"), tensor("m"), tensor("m_scale"), tensor("lr"), tensor("iteration"), "momentum"_a = 0.0,
        "nesterov"_a = false, "weight_decay"_a = 0.0, "every"_a = 1, NoGil());
    m.def(
        "adam_8bit_update",
        [](const Tensor& p, const Tensor& g, const Tensor& m, const Tensor& m_scale, const Tensor& v,
           const Tensor& v_scale, const Tensor& lr, const Tensor& iteration, double beta_1, double beta_2,
           double epsilon, double weight_decay, int64_t every) {
            ops::adam_8bit_update(Tape::current(), {lr, iteration, every, weight_decay}, p, g, {m, m_scale},
                                  {v, v_scale}, beta_1, beta_2, epsilon);
        },
        tensor("p"), tensor("g"), tensor("m"), tensor("m_scale"), tensor("v"), tensor("v_scale"), tensor("lr"),
        tensor("iteration"), "beta_1"_a = 0.9, "beta_2"_a = 0.999, "epsilon"_a = 1e-7, "weight_decay"_a = 0.0,
        "every"_a = 1, NoGil());
    m.def(
        "lion_8bit_update",
        [](const Tensor& p, const Tensor& g, const Tensor& m, const Tensor& m_scale, const Tensor& lr,
           const Tensor& iteration, double beta_1, double beta_2, double weight_decay, int64_t every) {
            ops::lion_8bit_update(Tape::current(), {lr, iteration, every, weight_decay}, p, g, {m, m_scale}, beta_1,
                                  beta_2);
        },
        tensor("p"), tensor("g"), tensor("m"), tensor("m_scale"), tensor("lr"), tensor("iteration"), "beta_1"_a = 0.9,
        "beta_2"_a = 0.99, "weight_decay"_a = 0.0, "every"_a = 1, NoGil());
}

}  // namespace

void bind_optim(py::module_& m) {
    using namespace py::literals;
    bind_8bit(m);
    def_update(m, "sgd_update", ops::sgd_update, {"m"}, "momentum"_a = 0.0, "nesterov"_a = false);
    def_update(m, "adam_update", ops::adam_update, {"m", "v", "vhat"}, "beta_1"_a = 0.9, "beta_2"_a = 0.999,
               "epsilon"_a = 1e-7, "lr_ratio"_a = 1.0, "rectified"_a = false);
    def_update(m, "rmsprop_update", ops::rmsprop_update, {"v", "m", "a"}, "rho"_a = 0.9, "momentum"_a = 0.0,
               "epsilon"_a = 1e-7);
    def_update(m, "adagrad_update", ops::adagrad_update, {"n"}, "epsilon"_a = 1e-7);
    def_update(m, "adadelta_update", ops::adadelta_update, {"v", "d"}, "rho"_a = 0.95, "epsilon"_a = 1e-7);
    def_update(m, "adamax_update", ops::adamax_update, {"m", "u"}, "beta_1"_a = 0.9, "beta_2"_a = 0.999,
               "epsilon"_a = 1e-7);
    def_update(m, "nadam_update", ops::nadam_update, {"m", "v"}, tensor("u_product"), "beta_1"_a = 0.9,
               "beta_2"_a = 0.999, "epsilon"_a = 1e-7);
    m.def(
        "nadam_product",
        [](const Tensor& u_product, const Tensor& iteration, double beta_1, int64_t every) {
            ops::nadam_product(Tape::current(), u_product, iteration, beta_1, every);
        },
        tensor("u_product"), tensor("iteration"), "beta_1"_a = 0.9, "every"_a = 1, NoGil());
    def_update(m, "ftrl_update", ops::ftrl_update, {"n", "z"}, "lr_power"_a = -0.5, "l1"_a = 0.0, "l2"_a = 0.0,
               "l2_shrinkage"_a = 0.0, "beta"_a = 0.0);
    def_update(m, "lion_update", ops::lion_update, {"m"}, "beta_1"_a = 0.9, "beta_2"_a = 0.99);
    def_update(m, "schedule_free_adamw_update", ops::schedule_free_adamw_update, {"z", "v"}, "beta_1"_a = 0.9,
               "beta_2"_a = 0.999, "epsilon"_a = 1e-8, "warmup_steps"_a = 0);
    def_update(m, "rprop_update", ops::rprop_update, {"previous", "size"}, "eta_minus"_a = 0.5, "eta_plus"_a = 1.2,
               "smallest"_a = 1e-6, "largest"_a = 50.0);
    def_update(m, "asgd_update", ops::asgd_update, {"average"}, "lambd"_a = 1e-4, "alpha"_a = 0.75, "t0"_a = 1e6);
    def_update(m, "lamb_update", ops::lamb_update, {"m", "v"}, "beta_1"_a = 0.9, "beta_2"_a = 0.999,
               "epsilon"_a = 1e-7);
    def_update(m, "adafactor_update", ops::adafactor_update, {"v", "r", "k"}, "beta_2_decay"_a = -0.8,
               "epsilon_1"_a = 1e-30, "epsilon_2"_a = 1e-3, "clip_threshold"_a = 1.0);
    def_update(m, "muon_update", ops::muon_update, {"m"}, "momentum"_a = 0.95, "nesterov"_a = true, "a"_a = 3.4445,
               "b"_a = -4.775, "c"_a = 2.0315, "iterations"_a = 5, "factor"_a = 1.0);
    m.def(
        "ema_update",
        [](const Tensor& p, const Tensor& average, const Tensor& iteration, double momentum, int64_t overwrite,
           int64_t every) { ops::ema_update(Tape::current(), p, average, iteration, every, momentum, overwrite); },
        tensor("p"), tensor("average"), tensor("iteration"), "momentum"_a = 0.99, "overwrite"_a = 0, "every"_a = 1,
        NoGil());
    m.def(
        "accumulate_gradient",
        [](const Tensor& g, const Tensor& total, const Tensor& y, const Tensor& iteration, int64_t every) {
            ops::accumulate_gradient(Tape::current(), g, total, y, iteration, every);
        },
        tensor("g"), tensor("total"), tensor("y"), tensor("iteration"), "every"_a, NoGil());
    m.def(
        "clip_gradient_value",
        [](const Tensor& x, const Tensor& y, double limit) { ops::clip_value(Tape::current(), x, y, limit); },
        tensor("x"), tensor("y"), "limit"_a, NoGil());
    m.def(
        "clip_gradient_norm",
        [](const std::vector<Tensor>& x, const std::vector<Tensor>& y, double limit, bool global) {
            ops::clip_norm(Tape::current(), x, y, limit, global);
        },
        tensor("x"), tensor("y"), "limit"_a, "global_norm"_a = false, NoGil());
    m.def(
        "divide_gradient",
        [](const Tensor& x, const Tensor& y, double divisor) { ops::divide_gradient(Tape::current(), x, y, divisor); },
        tensor("x"), tensor("y"), "divisor"_a, NoGil());
}

}  // namespace netlet::bindings
