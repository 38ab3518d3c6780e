// ops/pool and ops/resize: pooling, and resampling along an axis.
#include "ops/pool/pool.h"

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/resize/resize.h"

namespace netlet::bindings {

void bind_pool(py::module_& m) {
    using namespace py::literals;
    using Sizes = std::vector<int64_t>;
    m.def("max_pool", keeps_half([](const Arg& x, const Sizes& window, const Sizes& strides, const ops::Pads& pads) {
              return ops::pool(Tape::current(), PoolOp::max, x, window, strides, pads);
          }),
          "x"_a, "window"_a, "strides"_a, "pads"_a, NoGil());
    m.def("average_pool",
          keeps_half([](const Arg& x, const Sizes& window, const Sizes& strides, const ops::Pads& pads) {
              return ops::pool(Tape::current(), PoolOp::average, x, window, strides, pads);
          }),
          "x"_a, "window"_a, "strides"_a, "pads"_a, NoGil());
    m.def("resample",
          keeps_half([](const Arg& x, int axis, const Arg& first, const Arg& count, const WeightArg& weights) {
              return ops::resample(Tape::current(), x, axis, first, count, weights);
          }),
          "x"_a, "axis"_a, "first"_a, "count"_a, "weights"_a, NoGil(),
          "Entry i of the axis: the sum of weights[i, t] times entry first[i] + t, for t < count[i].");
}

}  // namespace netlet::bindings
