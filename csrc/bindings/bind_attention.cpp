// ops/attention: scaled dot-product attention.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/attention/attention.h"

namespace netlet::bindings {

void bind_attention(py::module_& m) {
    using namespace py::literals;
    m.def(
        "attention",
        keeps_half([](const Arg& query, const Arg& key, const Arg& value, const std::optional<WeightArg>& mask,
                      const std::optional<WeightArg>& bias, double scale, bool causal, bool average_dead, double rate,
                      uint64_t seed) {
            const ops::Attention how{or_null(mask), or_null(bias), scale, causal, average_dead, rate, seed};
            return ops::attention(Tape::current(), query, key, value, how);
        }),
        "query"_a, "key"_a, "value"_a, "mask"_a = py::none(), "bias"_a = py::none(), "scale"_a = 1.0,
        "causal"_a = false, "average_dead"_a = true, "rate"_a = 0.0, "seed"_a = 0, NoGil(),
        "softmax(scale query . key + bias) . value, (B, T, N, H) with (B, S, K, H) and (B, S, K, D) -> (B, T, N, D).");
}

}  // namespace netlet::bindings
