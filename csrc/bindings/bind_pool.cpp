// ops/pool.
#include "ops/pool/pool.h"

#include "bindings/array_view.h"
#include "bindings/bindings.h"

namespace netlet::bindings {

void bind_pool(py::module_& m) {
    using namespace py::literals;
    using Sizes = std::vector<int64_t>;
    m.def(
        "max_pool",
        [](const Arg& x, const Sizes& window, const Sizes& strides, bool same) {
            return give(ops::pool(Tape::current(), PoolOp::max, x, window, strides, same), x);
        },
        "x"_a, "window"_a, "strides"_a, "same"_a = false, NoGil());
    m.def(
        "average_pool",
        [](const Arg& x, const Sizes& window, const Sizes& strides, bool same) {
            return give(ops::pool(Tape::current(), PoolOp::average, x, window, strides, same), x);
        },
        "x"_a, "window"_a, "strides"_a, "same"_a = false, NoGil());
}

}  // namespace netlet::bindings
