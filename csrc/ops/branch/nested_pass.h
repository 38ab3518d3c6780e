// A backward pass over a part of the ops, inside the backward step that stands for that part.
#pragma once
#include <vector>

#include "plan/tape.h"

namespace netlet::ops {

// The pass of `gradients` (plan/backward.h) from the gradients dy of the outputs, null where none flows. Its seeds are
// copies of dy, since kernels may overwrite seeds. The gradients of the sources are written to `into`, or added to it
// as each Grad says; into[i].accumulate is then true if something was written.
void nested_gradients(Tape& tape, BackwardList& list, const Tensors& outputs, const Grads& dy, const Tensors& sources,
                      std::vector<Grad>& into, bool retain);

// The tensors that need a gradient, that the steps read and that no step before made, each once.
Tensors outer_inputs(const BackwardSteps& steps);
// Those of `results` that the steps made, each once.
Tensors own_outputs(const BackwardSteps& steps, const Tensors& results);

}  // namespace netlet::ops
