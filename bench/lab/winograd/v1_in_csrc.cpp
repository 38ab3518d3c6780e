// F(2x2, 3x3).
constexpr int m = 2;

#include "winograd/unit.h"
