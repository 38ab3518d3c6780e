// ops/image: affine_transform, sample, homography, flip_images.
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
    m.def("sample",
          keeps_half([](const Arg& x, const WeightArg& coordinates, const Shape& sizes, bool linear,
                        const std::string& fill_mode, double fill_value) {
              return ops::sample(Tape::current(), x, coordinates, sizes, linear, fill_mode, fill_value);
          }),
          "x"_a, "coordinates"_a, "sizes"_a, "linear"_a = true, "fill_mode"_a = "constant", "fill_value"_a = 0.0,
          NoGil(), "x (B, product of sizes, C) at coordinates (B, len(sizes), M), as (B, M, C).");
    m.def("homography",
          keeps_half([](const Arg& from, const Arg& to) { return ops::homography(Tape::current(), from, to); }),
          "from_points"_a, "to_points"_a, NoGil(),
          "The projective maps (N, 8) that take points (N, 4, 2) to points (N, 4, 2).");
    m.def("flip_images", keeps_half([](const StoredArg& images, const Arg& flags, bool horizontal, bool vertical) {
              return ops::flip_images(Tape::current(), images, flags, horizontal, vertical);
          }),
          "images"_a, "flags"_a, "horizontal"_a, "vertical"_a, NoGil());
}

}  // namespace netlet::bindings
