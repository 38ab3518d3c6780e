// ops/ctc: connectionist temporal classification.
#include <pybind11/stl.h>

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "ops/ctc/ctc.h"

namespace netlet::bindings {

void bind_ctc(py::module_& m) {
    using namespace py::literals;
    using Optional = std::optional<Arg>;
    m.def(
        "ctc_loss",
        [](const Arg& target, const Arg& output, const Optional& target_length, const Optional& output_length,
           int64_t mask_index) {
            return ops::ctc_loss(Tape::current(), target, output, or_null(target_length), or_null(output_length),
                                 mask_index);
        },
        "target"_a, "output"_a, "target_length"_a = py::none(), "output_length"_a = py::none(), "mask_index"_a = 0,
        NoGil(), "Lengths: as many as there are labels that are not mask_index, and all frames.");
    m.def(
        "ctc_greedy",
        [](const Arg& inputs, const Optional& lengths, bool merge_repeated, int64_t mask_index) {
            auto [labels, score] =
                ops::ctc_greedy(Tape::current(), inputs, or_null(lengths), merge_repeated, mask_index);
            return std::pair(std::move(labels), std::move(score));
        },
        "inputs"_a, "sequence_lengths"_a = py::none(), "merge_repeated"_a = true, "mask_index"_a = 0, NoGil());
    m.def(
        "ctc_beam_search",
        [](const Arg& inputs, const Optional& lengths, int64_t beam_width, int64_t top_paths, int64_t mask_index) {
            auto [labels, score] =
                ops::ctc_beam_search(Tape::current(), inputs, or_null(lengths), beam_width, top_paths, mask_index);
            return std::pair(std::move(labels), std::move(score));
        },
        "inputs"_a, "sequence_lengths"_a = py::none(), "beam_width"_a = 100, "top_paths"_a = 1, "mask_index"_a = 0,
        NoGil());
}

}  // namespace netlet::bindings
