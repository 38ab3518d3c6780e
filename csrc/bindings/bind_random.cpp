// ops/random: random tensors. base/permutation: orders of rows.
#include "base/permutation.h"
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
    m.def(
        "permutation",
        [](int64_t count, uint64_t seed, uint64_t draw, int64_t block) {
            if (count < 0 || block < 0) throw ValueError("permutation: expected count and block of at least 0");
            py::array_t<int64_t> order(count);
            int64_t* out = order.mutable_data();
            {
                const GilReleased nogil;
                if (block)
                    permutation_in_blocks(out, count, block, seed, draw);
                else
                    permutation(out, count, seed, draw);
            }
            return order;
        },
        "count"_a, "seed"_a, "draw"_a, "block"_a = 0,
        "A permutation of range(count) as int64, or one inside of each `block` numbers.");
}

}  // namespace netlet::bindings
