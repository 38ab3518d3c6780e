// ops/random: random tensors.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "ops/random/random.h"

namespace netlet::bindings {

void bind_random(py::module_& m) {
    using namespace py::literals;
    m.def(
        "random",
        [](const std::string& distribution, const Shape& shape, DType dtype, double a, double b, uint64_t seed,
           bool fresh) { return ops::random(Tape::current(), distribution, shape, dtype, a, b, seed, fresh); },
        "distribution"_a, "shape"_a, "dtype"_a, "a"_a, "b"_a, "seed"_a, "fresh"_a, NoGil(),
        "uniform in [a, b), or (truncated_)normal of mean a and standard deviation b; `fresh`: others at each run.");
}

}  // namespace netlet::bindings
