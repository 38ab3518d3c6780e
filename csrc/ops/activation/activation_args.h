// Which activation: shared by the activation op and by the products that fuse one.
#pragma once
#include "base/types.h"

namespace netlet {

// The first seven have a derivative that follows from the output y alone, so dense and conv fuse them.
enum class Activation : int32_t { linear, relu, leaky_relu, sigmoid, tanh, elu, exponential };

}  // namespace netlet
