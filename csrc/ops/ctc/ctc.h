#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// Loss (B,) of logits x (B, T, C) and labels (B, L) (see ctc_args.h), with a gradient for x. label_lengths and frames
// (B,) may be null. Labels and lengths whose values are known already (not inside a recording) are checked: ValueError
// with the sample and what is wrong.
Tensor ctc_loss(Tape& tape, const Tensor& labels, const Tensor& x, const Tensor& label_lengths, const Tensor& frames,
                int64_t blank);

// Labels (B, T) int32 of the most probable class of each frame, without blanks and, where `merge`, repetitions, then
// -1; and minus the sum of the largest logits (B, 1). No gradient.
std::pair<Tensor, Tensor> ctc_greedy(Tape& tape, const Tensor& x, const Tensor& frames, bool merge, int64_t blank);

// The most probable label sequences (paths, B, T) int32, then -1, and the logarithms of their probabilities (B, paths),
// found by a beam search with `width` prefixes. No gradient.
std::pair<Tensor, Tensor> ctc_beam_search(Tape& tape, const Tensor& x, const Tensor& frames, int64_t width,
                                          int64_t paths, int64_t blank);

// ---- shared by these

Tensor ctc_integers(Tape& tape, const Tensor& t);  // int32 or int64; other types are cast to int32, as in Keras
void check_ctc_logits(const char* op, const Tensor& x, int64_t blank);
// frames (B,), or null: ValueError for a wrong shape, or where a length is known and lies outside of [0, most].
void check_ctc_lengths(const char* op, const char* name, const Tensor& lengths, int64_t batch, int64_t most);

}  // namespace netlet::ops
