// F(4x4, 3x3).
constexpr int m = 4;

#include "winograd/unit.h"
