#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/ctc/ctc.h"
#include "ops/ctc/ctc_decode_args.h"
#include "ops/loss/loss_common.h"
#include "ops/reduce/reduce.h"
#include "ops/shape/loop_nest.h"
#include "ops/softmax/softmax.h"

namespace netlet::ops {

namespace {

constexpr const char* op = "ctc_decode";

Tensor checked_frames(Tape& tape, const Tensor& x, const Tensor& frames, int64_t blank) {
    check_ctc_logits(op, x, blank);
    if (!frames) return nullptr;
    const Tensor n = ctc_integers(tape, frames);
    check_ctc_lengths(op, "sequence_lengths", n, x->shape[0], x->shape[1]);
    return n;
}

// The number of label sequences with at most `steps` labels, or `most` if there are more.
int64_t sequences(int64_t labels, int64_t steps, int64_t most) {
    int64_t total = 1, longest = 1;
    for (int64_t t = 0; t < steps && total < most; ++t) {
        if (multiply_overflows(longest, labels, &longest)) return most;
        if (add_overflows(total, longest, &total)) return most;
        if (labels == 0) break;
    }
    return std::min(total, most);
}

// Scratch of `count` items for each sample.
template <class Item>
Tensor scratch(Tape& tape, int64_t samples, int64_t count) {
    return tape.empty({samples, count, (int64_t)sizeof(Item)}, DType::u8);
}
}  // namespace

std::pair<Tensor, Tensor> ctc_greedy(Tape& tape, const Tensor& x, const Tensor& given, bool merge, int64_t blank) {
    const Tensor frames = checked_frames(tape, x, given, blank);
    const int64_t samples = x->shape[0], steps = x->shape[1];
    const Tensor best = argmax(tape, x, 2, false), most = max(tape, x, {{2}}, false);
    const Tensor labels = tape.empty({1, samples, steps}, DType::i32), score = tape.empty({samples, 1}, x->dtype);
    with_float(x->dtype, [&]<class T>(T) {
        CtcCollapseArgs<T> a{};
        a.steps = steps;
        a.blank = blank;
        a.merge = merge;
        a.frames_type = frames ? frames->dtype : DType::i32;
        tape.emit(
            NETLET_KERNEL_FOR(ctc_collapse, x->dtype), a,
            {in(a.best, best), in(a.most, most), in_if(a.frames, frames), out(a.labels, labels), out(a.score, score)},
            Work{samples, grain_for(8192, steps), (double)best->size()});
    });
    return {labels, score};
}

std::pair<Tensor, Tensor> ctc_beam_search(Tape& tape, const Tensor& x, const Tensor& given, int64_t width,
                                          int64_t paths, int64_t blank) {
    if (width < 1 || paths < 1)
        throw ValueError(std::string(op) + ": expected beam_width and top_paths of at least 1, received " +
                         std::to_string(width) + " and " + std::to_string(paths));
    const Tensor frames = checked_frames(tape, x, given, blank);
    const int64_t samples = x->shape[0], steps = x->shape[1], classes = x->shape[2];
    width = sequences(classes - 1, steps, width);
    if (steps > 0 && width > (INT32_MAX - 1) / steps)
        throw ValueError(std::string(op) + ": expected beam_width * steps below 2^31, received a beam of " +
                         std::to_string(width) + " over " + std::to_string(steps) + " steps");
    const Tensor log_p = log_softmax(tape, x, 2);
    const int64_t choice = std::min(classes - 1, width + 1);
    const Tensor labels = tape.empty({paths, samples, steps}, DType::i32),
                 score = tape.empty({samples, paths}, x->dtype);
    with_float(x->dtype, [&]<class T>(T) {
        const Tensor nodes = scratch<CtcNode>(tape, samples, 1 + steps * width);
        const Tensor beam = scratch<CtcPrefix<T>>(tape, samples, width);
        const Tensor candidates = scratch<CtcCandidate<T>>(tape, samples, width);
        const Tensor likely = scratch<CtcClass<T>>(tape, samples, choice);
        const Tensor sums = scratch<T>(tape, samples, 4 * width), taken = scratch<bool>(tape, samples, classes);
        CtcBeamArgs<T> a{};
        a.batch = samples;
        a.steps = steps;
        a.count = classes;
        a.blank = blank;
        a.width = width;
        a.found = paths;
        a.choice = choice;
        a.frames_type = frames ? frames->dtype : DType::i32;
        tape.emit(NETLET_KERNEL_FOR(ctc_beam, x->dtype), a,
                  {in(a.log_p, log_p), in_if(a.frames, frames), out(a.paths, labels), out(a.score, score),
                   out(a.sums, sums), out(a.nodes, nodes), out(a.beam, beam), out(a.candidates, candidates),
                   out(a.classes, likely), out(a.taken, taken)},
                  Work{samples, 1, (double)(samples * steps) * (double)(classes + 50 * width)});
    });
    return {labels, score};
}

}  // namespace netlet::ops
