// ops/image: affine_transform, flip_images.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/image/image.h"

namespace netlet::bindings {

void bind_image(py::module_& m) {
    using namespace py::literals;
    m.def("affine_transform",
          keeps_half([](const Arg& images, const Arg& transform, const std::string& interpolation,
                        const std::string& fill_mode, double fill_value) {
              return ops::affine_transform(Tape::current(), images, transform, interpolation, fill_mode, fill_value);
          }),
          "images"_a, "transform"_a, "interpolation"_a = "bilinear", "fill_mode"_a = "constant", "fill_value"_a = 0.0,
          NoGil());
    m.def("flip_images", keeps_half([](const StoredArg& images, const Arg& flags, bool horizontal, bool vertical) {
              return ops::flip_images(Tape::current(), images, flags, horizontal, vertical);
          }),
          "images"_a, "flags"_a, "horizontal"_a, "vertical"_a, NoGil());
}

}  // namespace netlet::bindings
