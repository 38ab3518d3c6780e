#include "plan/tape.h"

#include <algorithm>
#include <atomic>
#include <iterator>

#include "plan/guarded_launch.h"
#include "plan/launch.h"
#include "plan/plan.h"
#include "plan/replay.h"
#include "plan/shared_records.h"

namespace netlet {

namespace {

std::atomic<uint64_t> next_id{1};

thread_local std::vector<Tape*> entered;
std::atomic<uint32_t> eager_stream{0};

// Marks the buffers that an eager op writes, so that plans notice that values cached from them are out of date. It
// leaves out a result that only its op holds so far: no plan reads it, and the two atomic additions would cost a small
// op 2 % (add of 16 numbers; Zen 5, 2026-11).
class Writes {
  public:
    Writes() = default;
    ~Writes() {
        for (size_t i = 0; i < few_; ++i) first_[i]->end_write();
        for (Buffer* b : rest_) b->end_write();
    }
    Writes(const Writes&) = delete;
    Writes& operator=(const Writes&) = delete;

    void begin(const Tensor& t) {
        Buffer* b = t->buffer.get();
        if (!b->tracked() || (t.use_count() == 1 && t->buffer.use_count() == 1)) return;
        if (few_ == std::size(first_))
            rest_.push_back(b);
        else
            first_[few_++] = b;
        b->begin_write();
    }

  private:
    Buffer* first_[8];
    size_t few_ = 0;
    std::vector<Buffer*> rest_;
};

}  // namespace

Tape::Tape(Mode mode, bool trains)
    : mode_(mode),
      trains_(trains),
      device_(current_device()),
      id_(next_id++),
      step_(make_zeros({1}, DType::i64, mode == Mode::record ? device_ : Device{})) {}

Tape::~Tape() {
    for (const auto& list : listeners_) list->tape_ = nullptr;
}

Tape& Tape::current() {
    if (!entered.empty()) return *entered.back();
    thread_local Tape eager(Mode::eager);
    eager.device_ = current_device();
    return eager;
}

bool Tape::outside() { return entered.empty(); }

void Tape::enter(Tape* tape) {
    const void* nobody = nullptr;
    if (!tape->thread_.compare_exchange_strong(nobody, &entered) && nobody != &entered)
        throw RuntimeError("a tape records the ops of one thread: another thread has entered this one");
    entered.push_back(tape);
}

void Tape::leave(Tape* tape) {
    if (entered.empty() || entered.back() != tape)
        throw RuntimeError("tapes must be left in the reverse order of entering");
    entered.pop_back();
    if (std::find(entered.begin(), entered.end(), tape) == entered.end()) tape->thread_ = nullptr;
}

Tensor Tape::empty(const Shape& shape, DType dtype) {
    if (!recording()) return make_tensor(shape, dtype, device_);
    auto t = std::make_shared<TensorImpl>();
    t->shape = shape;
    t->dtype = dtype;
    t->slot = (int)recording_.slots.size();
    t->recording = id_;
    recording_.slots.push_back({Slot::Kind::temporary, t->bytes()});
    return t;
}

Tensor Tape::input(const Shape& shape, DType dtype, const std::string& name) {
    if (!recording()) throw RuntimeError("input(): expected a recording tape, received an eager one");
    Tensor t = empty(shape, dtype);
    recording_.slots[(size_t)t->slot].kind = Slot::Kind::input;
    recording_.sources.push_back({name, shape, dtype, t->slot, nullptr});
    return t;
}

void Tape::add_feed(const Tensor& cell, const Shape& shape, DType dtype, const std::string& name) {
    recording_.sources.push_back({name, shape, dtype, -1, cell});
}

Tensor Tape::view(const Tensor& x, const Shape& shape, int64_t offset) {
    auto y = std::make_shared<TensorImpl>();
    y->shape = shape;
    y->dtype = x->dtype;
    y->buffer = x->buffer;
    y->slot = x->slot;
    y->recording = x->recording;
    y->offset = x->offset + offset;
    y->variable = x->variable;
    return y;
}

uint32_t Tape::next_stream() {
    return stream_or([this]() -> uint32_t { return recording() ? next_stream_++ : eager_stream++; });
}

void Tape::reset_eager_streams() { eager_stream = 0; }

std::string Tape::scope() const {
    std::string s;
    for (const auto& part : scopes_) s += (s.empty() ? "" : "/") + part;
    return s;
}

void Tape::check_owner(const Tensor& x, const Kernel& kernel) const {
    if (!x) throw RuntimeError(std::string(kernel.name) + ": expected a tensor, received none");
    if (x->recorded() && (!recording() || x->recording != id_))
        throw RuntimeError(std::string(kernel.name) +
                           ": this tensor belongs to a recording and has no value yet; use it only while that step is "
                           "recorded, or compile the model with run_eagerly=True");
}

// The operand's tensor, on the tape's device. A GPU receives a copy of a value that is in the host's memory and that
// no step changes.
Tensor Tape::operand(const Operand& o, const Kernel& kernel) const {
    const Tensor& t = o.tensor;
    if (t->recorded() || t->device() == device()) return t;
    const bool constant = !o.writes && t->device().is_cpu() && !(recording() && t->variable);
    if (constant) return on_device(t, device());
    throw ValueError(std::string(kernel.name) + ": expected tensors on " + device().str() + ", received one on " +
                     t->device().str() + (recording() ? " (layer " + scope() + ")" : "") +
                     ": move it with netlet.to_device, or the model with model.to");
}

void Tape::emit_bytes(const Kernel& kernel, void* args, size_t size, std::span<const Operand> operands,
                      const Work& work) {
    for (const Operand& o : operands)
        if (o.tensor || !o.optional) check_owner(o.tensor, kernel);
    last_kernel_ = kernel.name;
    if (work.units <= 0) return;
    if (!recording()) return run_now(kernel, args, operands, work);
    if (on_gpu()) launcher_for(device_, kernel, scope());
    bool prepacked = work.prepack && !skip_ && !on_gpu();
    Record r{kernel,     (recording_.args.size() + 15) & ~size_t{15},
             size,       work.units,
             work.grain, work.rows && work.units % work.rows == 0 ? work.rows : 0,
             work.flops, prepacked,
             {},         scope()};
    r.skip = skip_;
    for (const Operand& o : operands)
        if (o.tensor && o.reads) prepacked = prepacked && prepacks(o.tensor);
    for (const Operand& o : operands) {
        if (!o.tensor) continue;
        const Tensor held = on_gpu() ? operand(o, kernel) : o.tensor;
        const TensorImpl& t = *held;
        if (prepacked && o.writes) prepacked_slots_.insert(t.slot);
        r.operands.push_back({(uint32_t)((std::byte*)o.field - (std::byte*)args), t.slot, t.buffer, t.offset, t.shape,
                              t.dtype, o.reads, o.writes, t.buffer && !t.variable && t.buffer != step_->buffer,
                              o.by_row});
    }
    recording_.args.resize(r.args + size);
    std::memcpy(recording_.args.data() + r.args, args, size);
    recording_.records.push_back(std::move(r));
}

void Tape::run_now(const Kernel& kernel, void* args, std::span<const Operand> operands, const Work& work) const {
    if (on_gpu()) return run_on_gpu(kernel, args, operands, work);
    Writes writes;
    for (const Operand& o : operands) {
        if (!o.tensor) continue;
        if (!o.tensor->buffer->on_host()) operand(o, kernel);  // throws
        void* p = o.tensor->data();
        std::memcpy(o.field, &p, sizeof p);
        if (o.writes) writes.begin(o.tensor);
    }
    if (launches_are_guarded.load(std::memory_order_relaxed)) return launch_guarded(kernel, args, operands, work);
    ThreadPool::instance().run(kernel.fn, args, work.units, work.grain);
}

void Tape::run_on_gpu(const Kernel& kernel, void* args, std::span<const Operand> operands, const Work& work) const {
    Writes writes;
    Tensors held;  // copies in device memory, which is released after the kernel in the order of the device's work
    for (const Operand& o : operands) {
        if (!o.tensor) continue;
        held.push_back(operand(o, kernel));
        void* p = held.back()->data();
        std::memcpy(o.field, &p, sizeof p);
        if (o.writes) writes.begin(o.tensor);
    }
    launch(device_, kernel, args, work.units, {});
    // An op may emit the same arguments again with other operands: they must not refer to the copies any more.
    for (const Operand& o : operands)
        if (o.tensor && o.tensor->device() != device_) std::memset(o.field, 0, sizeof(void*));
}

void Tape::at_end(std::function<void(Tape&)> fn) {
    if (replaying()) return;
    if (!recording()) return fn(*this);
    at_end_.push_back([fn = std::move(fn), scopes = scopes_, skip = skip_](Tape& tape) mutable {
        tape.scopes_.swap(scopes);
        tape.skip_.swap(skip);
        fn(tape);
        tape.skip_.swap(skip);
        tape.scopes_.swap(scopes);
    });
}

void Tape::swap(Strand& strand) {
    scopes_.swap(strand.scopes);
    listeners_.swap(strand.listeners);
    std::swap(pass_, strand.pass);
    grad_targets_.swap(strand.grad_targets);
    skip_.swap(strand.skip);
}

bool Tape::needs_grad(std::initializer_list<Tensor> inputs) const {
    if (listeners_.empty()) return false;
    for (const Tensor& x : inputs)
        if (x && x->requires_grad) return true;
    return false;
}

void Tape::on_backward(const Tensors& inputs, const Tensors& outputs, Backward run, HigherOrder higher) {
    for (const Tensor& y : outputs) y->requires_grad = true;
    const auto step = std::make_shared<BackwardStep>(
        BackwardStep{inputs, outputs, std::move(run), std::move(higher), scope(), last_kernel_});
    for (const auto& list : listeners_) list->steps.push_back(step);
}

Grad Tape::grad(const Tensor& x) {
    Grad g = grad_by_rows(x);
    if (g.rows) pass_->grads[x.get()].whole(*this);
    return {g.tensor, g.accumulate};
}

Grad Tape::grad_by_rows(const Tensor& x) {
    if (!wants(x)) return {};
    BackwardPass::State& g = pass_->grads[x.get()];
    if (!g.tensor) g.tensor = empty(x->shape, gradient_dtype(x->dtype));
    const bool accumulate = g.written;
    g.written = true;
    return {g.tensor, accumulate, g.rows};
}

bool Tape::alias_grad(const Tensor& x, const Tensor& y, const Tensor& dy) {
    if (!wants(x)) return true;  // nothing to do
    BackwardPass::State& g = pass_->grads[x.get()];
    // The gradient of a source is returned to the caller, so it needs separate memory: later steps may add to x's
    // gradient, which must not change y's.
    if (g.tensor || pass_->is_source(x) || pass_->is_source(y)) return false;
    g = {view(dy, x->shape), true};
    return true;
}

void Tape::set_grad_target(const Tensor& x, const Tensor& target, const Rows& rows, std::function<void(Tape&)> whole) {
    if (on_gpu())  // there a table's gradient is whole
        grad_targets_[x.get()] = {target, false, nullptr, nullptr};
    else
        grad_targets_[x.get()] = {target, false, rows, std::move(whole)};
}

void Tape::take_grad_target(const Tensor& x, BackwardPass& pass) {
    const auto it = grad_targets_.find(x.get());
    if (it == grad_targets_.end()) return;
    pass.grads[x.get()] = std::move(it->second);
    grad_targets_.erase(it);
}

void Tape::rely_on(const Rows& rows) {
    if (!recording()) throw RuntimeError("rely_on(): expected a recording tape, since only plans update a row map");
    auto& known = recording_.row_maps;
    if (std::find(known.begin(), known.end(), rows) == known.end()) known.push_back(rows);
}

void Tape::guard(const Tensor& flag) {
    for (Record& r : recording_.records)
        for (const RecordOperand& o : r.operands)
            if (o.writes && o.buffer && o.buffer == flag->buffer) r.guard = static_cast<int32_t*>(flag->data());
}

void Tape::begin_skip(const Tensor& flag) {
    if (!recording()) throw RuntimeError("begin_skip(): expected a recording tape, received an eager one");
    if (!flag || flag->recorded() || flag->dtype != DType::i32 || flag->size() != 1)
        throw TypeError("begin_skip(): expected one int32 cell that exists before the recording as the flag");
    skip_ = std::make_shared<const Skip>(Skip{flag, skip_});
}

bool Tape::can_output(const Tensor& y) const {
    return y->recorded() && y->recording == id_ && y->offset == 0 &&
           recording_.slots[(size_t)y->slot].kind == Slot::Kind::temporary;
}

std::shared_ptr<Plan> Tape::compile(const std::vector<Tensor>& outputs) {
    if (!recording()) throw RuntimeError("compile(): expected a recording tape, received an eager one");
    for (const auto& fn : at_end_) fn(*this);
    at_end_.clear();
    for (const Tensor& y : outputs) {
        if (!can_output(y))
            throw RuntimeError("compile(): expected an output with its own memory; copy it with ops.identity");
        recording_.slots[(size_t)y->slot].kind = Slot::Kind::output;
        recording_.outputs.push_back({y->slot, y->shape, y->dtype});
    }
    share_prepacked(recording_);
    return std::make_shared<Plan>(std::move(recording_), device_);
}

}  // namespace netlet
