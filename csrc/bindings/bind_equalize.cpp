// ops/image: equalize, equalize_tiles.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/image/equalize.h"

namespace netlet::bindings {

void bind_equalize(py::module_& m) {
    using namespace py::literals;
    m.def("equalize",
          keeps_half([](const Arg& images, int64_t bins) { return ops::equalize(Tape::current(), images, bins); }),
          "images"_a, "bins"_a, NoGil());
    m.def("equalize_tiles", keeps_half([](const Arg& images, double clip_limit, int64_t rows, int64_t columns) {
              return ops::equalize_tiles(Tape::current(), images, clip_limit, rows, columns);
          }),
          "images"_a, "clip_limit"_a, "rows"_a, "columns"_a, NoGil());
}

}  // namespace netlet::bindings
