// A part of a recorded step that only some of its runs make: a branch of `cond`, an iteration of a `while_loop`.
//
// The records of the part are skipped while a cell, which the step computes from the condition, is not 0. Its results
// then have arbitrary values: the caller must select others by `where`. The part's gradients are computed by one
// backward step, whose records are skipped by the same cell and which adds zeros to the gradients of what the part
// reads. So a part that a run skips contributes no NaN, whatever its values would have been.
#pragma once
#include <functional>
#include <vector>

#include "plan/tape.h"

namespace netlet::ops {

// Runs `emit`, which emits the part's ops on the tape and returns its results (null: none at this place).
// `open` is one recorded bool. Throws RuntimeError on an eager tape.
Tensors gated(Tape& tape, const Tensor& open, const std::function<Tensors()>& emit);

// Runs each function of `emits` as a part of its own and returns the results of the one whose bool of `opens` is true:
// one recorded bool each, of which exactly one is true in a run. Each part copies its results to the memory of the
// returned ones, so a run makes one copy, however many parts there are. The results have the same shapes and dtypes
// (null: none at this place), else ValueError.
Tensors branched(Tape& tape, const Tensors& opens, const std::vector<std::function<Tensors()>>& emits);

}  // namespace netlet::ops
