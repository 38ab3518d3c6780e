// A function outside of the native code, such as one of Python, as one record of a plan.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "plan/tape.h"

namespace netlet {

struct HostCall {
    std::string name;  // of the record: "host_call:solve"
    // Reads the inputs and writes the outputs. It runs on the thread that runs the plan and throws nothing. If it
    // returns false, the run ends after this record; who made the HostCall knows why.
    std::function<bool(const void* const* inputs, void* const* outputs)> run;
    const void* function = nullptr;  // what `run` calls, for whoever made this: see function_of
};

// Inputs and outputs of one call, together at most.
constexpr size_t most_host_call_operands = 32;

// Records the call on a recording tape. No gradient flows through it. The recording and its plan keep the HostCall.
void record_host_call(Tape& tape, HostCall call, const Tensors& inputs, const Tensors& outputs);

bool is_host_call(const Record& record);
// HostCall::function of a record of a call.
const void* function_of(const Record& record);
// Whether a HostCall is running on this thread.
bool inside_host_call();

}  // namespace netlet
