// The names of fill modes and interpolations, as enums and flags.
#pragma once
#include <string>

#include "base/error.h"
#include "ops/image/affine_args.h"

namespace netlet::ops {

inline FillMode to_fill_mode(const std::string& op, const std::string& name) {
    if (name == "constant") return FillMode::constant;
    if (name == "nearest") return FillMode::nearest;
    if (name == "wrap") return FillMode::wrap;
    if (name == "mirror") return FillMode::mirror;
    if (name == "reflect") return FillMode::reflect;
    throw ValueError(op + ": expected fill_mode 'constant', 'nearest', 'wrap', 'mirror' or 'reflect', received '" +
                     name + "'");
}

inline bool is_bilinear(const std::string& op, const std::string& interpolation) {
    if (interpolation != "nearest" && interpolation != "bilinear")
        throw ValueError(op + ": expected interpolation 'nearest' or 'bilinear', received '" + interpolation + "'");
    return interpolation == "bilinear";
}

}  // namespace netlet::ops
