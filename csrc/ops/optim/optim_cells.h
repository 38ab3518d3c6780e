// What every update of an optimizer reads. Updates are one streaming pass over a flat parameter segment; all arrays (N,),
// of one type T, except where an update says otherwise.
//   p parameters   g gradients   m, v, ... slots, updated in place
//   lr         float64 scalar cell, read at run time because it changes between steps
//   iteration  int64 scalar cell: calls of the optimizer before this one. With `every` > 1 gradients are accumulated:
//              step = iteration / every, and only the last of `every` calls updates the parameters
// Decoupled weight decay (Loshchilov and Hutter, 2019) comes first in each: p -= p * weight_decay * lr.
#pragma once
#include "base/types.h"

namespace netlet {

struct OptimCells {
    const double* lr;
    const int64_t* iteration;
    int64_t every;
    double weight_decay;
    // For a table, N = rows * inner, of which a step changes few rows; otherwise `written` is null. written: one byte
    // per row, set if its gradient may differ from 0. used: one byte per row, row_* below, whether its slots may differ
    // from 0; null if no slot moves a row without a gradient. A row with zero gradient and zero slots, and no weight
    // decay, would not change, so it is skipped. A work unit is then a row.
    const uint8_t* written;
    uint8_t* used;
    int64_t inner;
};
constexpr uint8_t row_never = 0, row_used = 1, row_unsure = 2;

}  // namespace netlet
