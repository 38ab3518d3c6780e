// ops/rnn: recurrent layers over all time steps.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "ops/activation/activation.h"
#include "ops/copy/copy.h"
#include "ops/rnn/rnn.h"

namespace netlet::bindings {

void bind_rnn(py::module_& m) {
    using namespace py::literals;
    using Optional = std::optional<Arg>;
    m.def(
        "rnn",
        [](const std::string& kind, const Arg& x, const Arg& kernel, const Arg& recurrent_kernel, const Optional& bias,
           const Optional& h0, const Optional& c0, const Optional& mask, const Optional& recurrent_scale,
           const std::string& activation, const std::string& recurrent_activation, bool reverse, bool sequences) {
            Tape& tape = Tape::current();
            const ops::Rnn options{ops::rnn_kind_by_name(kind), ops::activation_by_name(activation),
                                   ops::activation_by_name(recurrent_activation), reverse, sequences};
            const ops::RnnResult r = ops::rnn(tape, options, x, {kernel, recurrent_kernel, or_null(bias)},
                                              {or_null(h0), or_null(c0)}, or_null(mask), or_null(recurrent_scale));
            auto given = [&](const Tensor& t) { return t ? std::optional(t) : std::nullopt; };
            return std::make_tuple(given(r.y), given(r.last.h), given(r.last.c));
        },
        "kind"_a, "x"_a, "kernel"_a, "recurrent_kernel"_a, "bias"_a = py::none(), "h0"_a = py::none(),
        "c0"_a = py::none(), "mask"_a = py::none(), "recurrent_scale"_a = py::none(), "activation"_a = "tanh",
        "recurrent_activation"_a = "sigmoid", "reverse"_a = false, "sequences"_a = true, NoGil(),
        "(y, h, c): a recurrent layer over x (B, T, I); y (B, T, U) in the order of x, or None, h and c after the last "
        "step.");
}

}  // namespace netlet::bindings
