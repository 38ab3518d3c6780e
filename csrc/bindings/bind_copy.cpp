// ops/copy and ops/dropout. The pattern of every bind_<op>.cpp: arguments are Arg, and the op runs on the current tape
// without the GIL.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/copy/copy.h"
#include "ops/dropout/dropout.h"
#include "ops/elementwise/elementwise.h"

namespace netlet::bindings {

void bind_copy(py::module_& m) {
    using namespace py::literals;
    m.def("identity", keeps_half([](const StoredArg& x) { return ops::identity(Tape::current(), x); }), "x"_a, NoGil());
    m.def(
        "cast", [](const StoredArg& x, DType dtype) { return ops::cast(Tape::current(), unrounded(x), dtype); }, "x"_a,
        "dtype"_a, NoGil());
    m.def("reshape",
          keeps_half([](const StoredArg& x, const Shape& shape) { return ops::reshape(Tape::current(), x, shape); }),
          "x"_a, "shape"_a, NoGil());
    m.def(
        "full",
        [](const Shape& shape, DType dtype, double value) { return ops::full(Tape::current(), shape, dtype, value); },
        "shape"_a, "dtype"_a, "value"_a, NoGil());
    m.def(
        "assign", [](const StoredArg& x, const Tensor& y) { ops::assign(Tape::current(), x, y); }, "x"_a, "y"_a,
        NoGil(), "y = x, in y's own memory.");
    m.def(
        "accumulate_into",
        [](const Arg& x, const Tensor& y) {
            Tape& tape = Tape::current();
            if (x->shape != y->shape)
                throw ValueError("accumulate_into: expected a value of shape " + y->shape.str() + ", received " +
                                 x->shape.str());
            if (is_floating(y->dtype))
                ops::accumulate(tape, ops::cast(tape, x, y->dtype), {y, true});
            else
                ops::assign(tape, ops::binary(tape, BinaryOp::add, y, x), y);
        },
        "x"_a, "y"_a, NoGil(), "y += x, in y's own memory.");
    m.def("increment", [](const Tensor& cell) { ops::increment(Tape::current(), cell); }, "cell"_a, NoGil());
    m.def("dropout", keeps_half([](const Arg& x, double rate, uint64_t seed) {
              return ops::dropout(Tape::current(), x, rate, seed);
          }),
          "x"_a, "rate"_a, "seed"_a, NoGil());
}

}  // namespace netlet::bindings
