#include "ops/ctc/ctc.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/ctc/ctc_args.h"
#include "ops/index/index.h"
#include "ops/loss/loss_common.h"
#include "plan/transfer.h"

namespace netlet::ops {

namespace {

constexpr const char* op = "ctc_loss";

// The operands of a batch.
struct Batch {
    Tensor labels, label_lengths, frames, x;
    CtcBatch fields;

    int64_t samples() const { return x->shape[0]; }
    int64_t row() const { return ctc_row(fields.width); }
    Work frame_work(double flops_each) const {
        const int64_t c = fields.classes, n = samples() * fields.steps;
        return {n, grain_for(loss_grain, c), flops_each * (double)(n * c)};
    }
    Work sample_work(double flops_each) const {
        const int64_t cells = std::max<int64_t>(1, fields.steps * row());
        return {samples(), grain_for(4096, cells), flops_each * (double)(samples() * cells)};
    }
    template <class Args, class... More>
    void emit(Tape& tape, const auto& k, Args& a, const Work& work, More... more) const {
        a.batch = fields;
        tape.emit(k, a,
                  {in_if(a.batch.labels, labels), in_if(a.batch.label_lengths, label_lengths),
                   in_if(a.batch.frames, frames), in(a.x, x), more...},
                  work);
    }
};

// The values of a tensor that are known already, on the host; null for others.
Tensor known_on_host(const Tensor& t) { return !t || t->recorded() ? nullptr : on_device(t, {}); }

// Checks values that are known already: labels that are no class, more labels than frames.
void check_labels(const Batch& s) {
    const Tensor labels = known_on_host(s.labels), lengths = known_on_host(s.label_lengths),
                 frame_counts = known_on_host(s.frames);
    if (!labels || (s.label_lengths && !lengths)) return;
    const int64_t width = s.fields.width, blank = s.fields.blank;
    const bool frames_known = !s.frames || frame_counts;
    for (int64_t b = 0; b < s.samples(); ++b) {
        int64_t length = lengths ? index_value(lengths, b) : 0;
        for (int64_t j = 0; !lengths && j < width; ++j) length += index_value(labels, b * width + j) != blank;
        for (int64_t j = 0; j < length; ++j) {
            const int64_t k = index_value(labels, b * width + j);
            const std::string at = std::to_string(k) + " at " + s.labels->shape.place(b * width + j).str();
            if (k < 0 || k >= s.fields.classes)
                throw ValueError(std::string(op) + ": expected labels in [0, " + std::to_string(s.fields.classes) +
                                 "), the number of classes, received " + at);
            if (k == blank)
                throw ValueError(std::string(op) + ": label " + at +
                                 " is the blank (mask_index), which may only pad the end of a sample's labels");
        }
        const int64_t frames = frame_counts ? index_value(frame_counts, b) : s.fields.steps;
        if (frames_known && length > frames)
            throw ValueError(std::string(op) + ": expected at most " + std::to_string(frames) + " labels in sample " +
                             std::to_string(b) + ", one per time step, received " + std::to_string(length));
    }
}

Batch batch_of(Tape& tape, const Tensor& labels, const Tensor& x, const Tensor& label_lengths, const Tensor& frames,
               int64_t blank) {
    check_ctc_logits(op, x, blank);
    const int64_t samples = x->shape[0];
    if (labels->shape.rank() != 2 || labels->shape[0] != samples)
        throw ValueError(std::string(op) + ": expected labels of shape (" + std::to_string(samples) +
                         ", length) for logits of shape " + x->shape.str() + ", received " + labels->shape.str());
    Batch s{ctc_integers(tape, labels), nullptr, nullptr, x, {}};
    if (label_lengths) s.label_lengths = ctc_integers(tape, label_lengths);
    if (frames) s.frames = ctc_integers(tape, frames);
    check_ctc_lengths(op, "target_length", s.label_lengths, samples, labels->shape[1]);
    check_ctc_lengths(op, "output_length", s.frames, samples, x->shape[1]);
    s.fields.steps = x->shape[1];
    s.fields.classes = x->shape[2];
    s.fields.width = labels->shape[1];
    s.fields.blank = blank;
    s.fields.label_type = s.labels->dtype;
    s.fields.length_type = s.label_lengths ? s.label_lengths->dtype : DType::i32;
    s.fields.frames_type = s.frames ? s.frames->dtype : DType::i32;
    check_labels(s);
    return s;
}

template <class T>
void emit_backward(Tape& tape, const Batch& s, const Tensor& norm, const Tensor& table, const Tensor& z,
                   const Tensor& dy, const Grad& dx) {
    const DType dtype = s.x->dtype;
    CtcSoftmaxArgs<T> softmax{};
    s.emit(tape, NETLET_KERNEL_FOR(ctc_softmax, dtype), softmax, s.frame_work(12), in(softmax.norm, norm),
           in(softmax.z, z), in(softmax.dy, dy), into(softmax.dx, softmax.accumulate, dx));
    const Tensor scratch = tape.empty({s.samples(), tape.on_gpu() ? ctc_lines_gpu : ctc_lines_bwd, s.row()}, dtype);
    const Tensor symbols = tape.empty(s.labels->shape, DType::i32);
    CtcBackwardArgs<T> a{};
    s.emit(tape, NETLET_KERNEL_FOR(ctc_backward, dtype), a, s.sample_work(60), in(a.norm, norm), in(a.table, table),
           in(a.z, z), in(a.dy, dy), inout(a.dx, dx.tensor), out(a.scratch, scratch), out(a.symbols, symbols));
}

}  // namespace

Tensor ctc_integers(Tape& tape, const Tensor& t) {
    return t->dtype == DType::i32 || t->dtype == DType::i64 ? t : cast(tape, t, DType::i32);
}

void check_ctc_logits(const char* name, const Tensor& x, int64_t blank) {
    check_floating(name, x);
    if (x->shape.rank() != 3)
        throw ValueError(std::string(name) + ": expected logits of shape (batch, steps, classes), received " +
                         x->shape.str());
    const int64_t classes = x->shape[2];
    if (classes > INT32_MAX)
        throw ValueError(std::string(name) + ": expected at most 2^31 - 1 classes, received " +
                         std::to_string(classes));
    if (blank < 0 || blank >= classes)
        throw ValueError(std::string(name) + ": expected a mask_index in [0, " + std::to_string(classes) +
                         "), the number of classes, received " + std::to_string(blank));
}

void check_ctc_lengths(const char* name, const char* argument, const Tensor& lengths, int64_t batch, int64_t most) {
    if (!lengths) return;
    if (lengths->shape != Shape{batch})
        throw ValueError(std::string(name) + ": expected " + argument + " of shape (" + std::to_string(batch) +
                         ",), received " + lengths->shape.str());
    const Tensor known = known_on_host(lengths);
    for (int64_t b = 0; known && b < batch; ++b)
        if (const int64_t n = index_value(known, b); n < 0 || n > most)
            throw ValueError(std::string(name) + ": expected " + argument + " in [0, " + std::to_string(most) +
                             "], received " + std::to_string(n) + " for sample " + std::to_string(b));
}

Tensor ctc_loss(Tape& tape, const Tensor& labels, const Tensor& x, const Tensor& label_lengths, const Tensor& frames,
                int64_t blank) {
    const Batch s = batch_of(tape, labels, x, label_lengths, frames, blank);
    const int64_t samples = s.samples(), steps = s.fields.steps, row = s.row();
    const bool keep = tape.needs_grad({x});
    const Tensor norm = tape.empty({samples, steps, 2}, x->dtype), z = tape.empty({samples, 2}, x->dtype);
    const Tensor table = tape.empty({samples, keep ? steps + 1 : 2, ctc_parts, row}, x->dtype);
    const Tensor scratch = tape.empty({samples, ctc_lines, row}, x->dtype);
    const Tensor symbols = tape.empty(s.labels->shape, DType::i32);
    const Tensor loss = tape.empty({samples}, x->dtype);
    with_float(x->dtype, [&]<class T>(T) {
        CtcNormArgs<T> n{};
        s.emit(tape, NETLET_KERNEL_FOR(ctc_norm, x->dtype), n, s.frame_work(10), out(n.norm, norm));
        CtcForwardArgs<T> a{};
        a.rows = table->shape[1];
        s.emit(tape, NETLET_KERNEL_FOR(ctc_forward, x->dtype), a, s.sample_work(40), in(a.norm, norm),
               out(a.table, table), out(a.z, z), out(a.loss, loss), out(a.scratch, scratch), out(a.symbols, symbols));
    });
    if (keep)
        tape.on_backward({x}, {loss}, [=](Tape& tape, const Grads& dy) {
            const Grad dx = tape.grad(x);
            if (!dx) return;
            with_float(x->dtype, [&]<class T>(T) { emit_backward<T>(tape, s, norm, table, z, dy[0], dx); });
        });
    return loss;
}

}  // namespace netlet::ops
