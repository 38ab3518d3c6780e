// A part of a recorded step that only some of its runs make: a branch of `cond`, an iteration of a `while_loop`.
//
// The records of the part are skipped while a cell, which the step computes from the condition, is not 0. Its results
// then have arbitrary values: the caller must select others by `where`. The part's gradients are computed by one
// backward step, whose records are skipped by the same cell and which adds zeros to the gradients of what the part
// reads. So a part that a run skips contributes no NaN, whatever its values would have been.
#pragma once
#include <functional>

#include "plan/tape.h"

namespace netlet::ops {

// Runs `emit`, which emits the part's ops on the tape and returns its results (null: none at this place).
// `open` is one recorded bool. Throws RuntimeError on an eager tape.
Tensors gated(Tape& tape, const Tensor& open, const std::function<Tensors()>& emit);

}  // namespace netlet::ops
