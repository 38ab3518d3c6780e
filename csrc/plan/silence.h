// Ops that append no backward steps.
#pragma once
#include <string>

#include "plan/tape.h"

namespace netlet {

// During the lifetime of this object, ops on the tape append no backward steps, except to lists that enter meanwhile.
// The ops keep the names of the layers around them.
class Silence {
  public:
    explicit Silence(Tape& tape) : scope_(tape.scope()), pass_(tape, {}, {}, true), named_(tape, scope_) {}

  private:
    const std::string scope_;  // read before the pass begins a new stack of scopes
    const BackwardPass pass_;
    const Scope named_;
};

}  // namespace netlet
