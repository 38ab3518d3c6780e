// What the ops of optimizers share: checks, and the operands that all updates read.
#pragma once
#include <initializer_list>
#include <span>

#include "dispatch/dispatch.h"
#include "ops/optim/optim.h"
#include "ops/optim/optim_cells.h"

namespace netlet::ops {

constexpr int64_t optim_grain = 16384;  // elements of a chunk

inline int64_t chunks(const Tensor& x) { return (x->size() + optim_grain - 1) / optim_grain; }

inline Work flat(const Tensor& p, double flops_each) {
    return Work{p->size(), optim_grain, flops_each * (double)p->size()};
}

// All tensors have the dtype of p, which is floating, and its size. Null tensors are skipped.
void check_optim(const char* op, const Tensor& p, std::initializer_list<Tensor> others);
void check_cell(const char* op, const Tensor& cell, DType dtype, const char* what);

// An update with N slots.
template <size_t N>
struct Update {
    const char* op;
    const Tensor &p, &g;
    const Slots<N>& slots;
    double flops_each;
    size_t optional = 0;  // the last of the slots, which may be null
    // The first slots, which move a row of a table without a gradient unless they are 0; -1 if each step changes all rows.
    int moving = N;
};

// Checks the operands of an update of a flat segment, and of a table if `step` has row maps.
void check_update(const char* op, const OptimStep& step, const Tensor& p, const Tensor& g,
                  std::span<const Tensor> slots, size_t optional, int moving);
// Sets the fields that are no operands, and returns the units of work.
Work update_work(OptimCells& c, const OptimStep& step, const Tensor& p, double flops_each);

template <class Args, class T, size_t N>
void emit_update(Tape& tape, const auto& kernel, Args& a, OptimStep s, const Update<N>& u, T** const (&fields)[N],
                 std::initializer_list<Operand> more = {}) {
    check_update(u.op, s, u.p, u.g, u.slots, u.optional, u.moving);
    if (tape.on_gpu()) s.written = s.used = nullptr;  // Tape::set_grad_target ignores them too
    const Work work = update_work(a.c, s, u.p, u.flops_each);
    Tensor written, used;  // operands refer to them
    if (s.written) {
        tape.rely_on(s.written);
        written = s.written->bytes;
    }
    if (s.used) {
        tape.rely_on(s.used);
        used = s.used->bytes;
    }
    std::vector<Operand> operands{in(a.c.lr, s.lr), in(a.c.iteration, s.iteration), in(a.g, u.g),
                                  inout(a.p, u.p),  in_if(a.c.written, written),    out_if(a.c.used, used, true)};
    for (size_t i = 0; i < N; ++i) operands.push_back(out_if(*fields[i], u.slots[i], true));
    for (const Operand& o : more) operands.push_back(o);
    tape.emit(kernel, a, operands, work);
}

}  // namespace netlet::ops
