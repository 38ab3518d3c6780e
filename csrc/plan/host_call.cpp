#include "plan/host_call.h"

#include <mutex>
#include <set>

namespace netlet {

namespace {

struct HostCallArgs {
    int32_t* failed;
    const HostCall* call;
    int64_t inputs;
    void* operands[most_host_call_operands];  // the inputs, then the outputs
};

// The flag by which the run ends, and what function_of finds next to it.
struct CallFlag {
    int32_t failed;
    const void* function;
};

// What a record of a call owns: the memory of its flag is a part of this, so the flag's buffer keeps it.
struct State {
    HostCall call;
    CallFlag flag;
};

thread_local int depth = 0;

void run_host_call(const void* args, Range) {
    const auto& a = *static_cast<const HostCallArgs*>(args);
    ++depth;
    *a.failed = !a.call->run(a.operands, a.operands + a.inputs);
    --depth;
}

// The same text for as long as the process runs: tapes remember the names of kernels.
const char* lasting(const std::string& name) {
    static std::mutex mutex;
    static std::set<std::string> names;
    const std::lock_guard lock(mutex);
    return names.insert(name).first->c_str();
}

}  // namespace

bool is_host_call(const Record& record) { return record.kernel.fn == run_host_call; }
const void* function_of(const Record& record) { return reinterpret_cast<const CallFlag*>(record.guard)->function; }
bool inside_host_call() { return depth > 0; }

void record_host_call(Tape& tape, HostCall call, const Tensors& inputs, const Tensors& outputs) {
    if (!tape.recording()) throw RuntimeError(call.name + ": expected a recording tape, received an eager one");
    if (tape.on_gpu())
        throw NotImplementedError(call.name + " runs on the host, so a step that is recorded for " +
                                  tape.device().str() + " cannot contain it" +
                                  (tape.scope().empty() ? "" : " (layer " + tape.scope() + ")") +
                                  ": compile the model with run_eagerly=True, or keep it on the CPU");
    if (inputs.size() + outputs.size() > most_host_call_operands)
        throw ValueError(call.name + ": expected at most " + std::to_string(most_host_call_operands) +
                         " inputs and outputs, received " + std::to_string(inputs.size() + outputs.size()));
    const void* function = call.function;
    auto* state = new State{std::move(call), {0, function}};
    const auto failed = std::make_shared<TensorImpl>();
    failed->shape = {1};
    failed->dtype = DType::i32;
    failed->buffer =
        Buffer::borrow(&state->flag, sizeof state->flag, [](void* p) { delete static_cast<State*>(p); }, state);
    HostCallArgs args{nullptr, &state->call, (int64_t)inputs.size(), {}};
    std::vector<Operand> operands{out(args.failed, failed)};
    void** field = args.operands;
    for (const Tensor& x : inputs) operands.push_back({field++, x, true, false});
    for (const Tensor& y : outputs) operands.push_back({field++, y, false, true});
    // One unit: it runs on the calling thread. No GPU has a kernel of this index.
    const KernelOf<HostCallArgs> kernel{{run_host_call, lasting(state->call.name), "host", UINT16_MAX}};
    tape.emit(kernel, args, operands, Work{});
    tape.guard(failed);
}

}  // namespace netlet
