#include "ops/copy/copy.h"
#include "ops/optim/emit_update.h"
#include "ops/optim/optim_8bit_args.h"

namespace netlet::ops {

namespace {

void check_8bit(const char* op, const OptimStep& s, const Tensor& p, const Tensor& g,
                std::initializer_list<BlockSlot> slots) {
    if (p->dtype != DType::f32)
        throw TypeError(std::string(op) + ": expected float32 parameters, received " + name_of(p->dtype));
    check_update(op, s, p, g, {}, 0, 0);
    if (s.written) throw ValueError(std::string(op) + ": expected no row maps, because each step changes all codes");
    const int64_t blocks = (p->size() + state_block - 1) / state_block;
    for (const BlockSlot& slot : slots) {
        if (!slot.codes || slot.codes->dtype != DType::u8 || slot.codes->size() != p->size())
            throw ValueError(std::string(op) + ": expected uint8 codes of " + std::to_string(p->size()) +
                             " elements, received " +
                             (slot.codes ? name_of(slot.codes->dtype) + (" of shape " + slot.codes->shape.str())
                                         : std::string("nothing")));
        if (!slot.scale || slot.scale->dtype != DType::f32 || slot.scale->size() != blocks)
            throw ValueError(std::string(op) + ": expected " + std::to_string(blocks) +
                             " float32 scales, one per block of " + std::to_string(state_block) + ", received " +
                             (slot.scale ? name_of(slot.scale->dtype) + (" of shape " + slot.scale->shape.str())
                                         : std::string("nothing")));
    }
}

Work block_work(OptimCells& c, const OptimStep& s, const Tensor& p, double flops_each) {
    update_work(c, s, p, flops_each);
    const int64_t blocks = (p->size() + state_block - 1) / state_block;
    return {blocks, grain_for(optim_grain, state_block), flops_each * (double)p->size()};
}

}  // namespace

void sgd_8bit_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const BlockSlot& m,
                     double momentum, bool nesterov) {
    check_8bit("sgd_8bit_update", s, p, g, {m});
    Sgd8bitArgs a{{}, p->size(), nullptr, nullptr, nullptr, nullptr, momentum, nesterov};
    const Work work = block_work(a.c, s, p, 16);
    tape.emit(kernel(KernelId::sgd_8bit), a,
              {in(a.c.lr, s.lr), in(a.c.iteration, s.iteration), in(a.g, g), inout(a.p, p), inout(a.m, m.codes),
               inout(a.m_scale, m.scale)},
              work);
}

void adam_8bit_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const BlockSlot& m,
                      const BlockSlot& v, double beta1, double beta2, double epsilon) {
    check_8bit("adam_8bit_update", s, p, g, {m, v});
    Adam8bitArgs a{{}, p->size(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, beta1, beta2, epsilon};
    const Work work = block_work(a.c, s, p, 36);
    tape.emit(kernel(KernelId::adam_8bit), a,
              {in(a.c.lr, s.lr), in(a.c.iteration, s.iteration), in(a.g, g), inout(a.p, p), inout(a.m, m.codes),
               inout(a.v, v.codes), inout(a.m_scale, m.scale), inout(a.v_scale, v.scale)},
              work);
}

void lion_8bit_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const BlockSlot& m,
                      double beta1, double beta2) {
    check_8bit("lion_8bit_update", s, p, g, {m});
    Lion8bitArgs a{{}, p->size(), nullptr, nullptr, nullptr, nullptr, beta1, beta2};
    const Work work = block_work(a.c, s, p, 20);
    tape.emit(kernel(KernelId::lion_8bit), a,
              {in(a.c.lr, s.lr), in(a.c.iteration, s.iteration), in(a.g, g), inout(a.p, p), inout(a.m, m.codes),
               inout(a.m_scale, m.scale)},
              work);
}

}  // namespace netlet::ops
