// A part of the ops whose intermediate values are computed again in the backward pass instead of being saved.
#pragma once
#include <functional>

#include "plan/tape.h"

namespace netlet::ops {

// Runs `first`, which emits the part's ops and returns its results, and appends one backward step for all of them. That
// step runs `again`, whose results replace those of `first`, and differentiates what it emits. Random ops draw the same
// numbers both times; `again` updates no state by Tape::at_end. Without listeners, only `first` runs.
Tensors recomputed(Tape& tape, const std::function<Tensors()>& first, const std::function<Tensors()>& again);

}  // namespace netlet::ops
