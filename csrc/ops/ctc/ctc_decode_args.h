// Decodes label sequences from per-frame class scores (Graves et al., 2006, section 3.2). frames (B,); null: all T
// count.
//
// ctc_collapse: the best path. best (B, T) classes and their logits `most` -> labels (B, T): without blanks and, if
// `merge`, without repetitions of the frame before, then padded with -1; score (B, 1) = -sum of most over the frames
// that count.
//
// ctc_beam: prefix search. Of all label sequences that the frames so far can spell, the beam holds the `width` most
// probable, each with the probability that it ends in a blank and that it ends in its last label:
//
//   same sequence    blank' = (blank + label) p(blank)   label' = label p(last) + (from the sequence one shorter)
//   one label more   label' = (blank + label) p(k), or blank p(k) if k repeats the last label
//
// log_p (B, T, C) -> paths (P, B, T), padded with -1, and score (B, P), log probabilities. Missing paths: -1 and -inf.
// Ties go to the sequence that was in the beam before, then to the one with the better prefix, then to the lower label.
#pragma once
#include "base/types.h"

namespace netlet {

// A work unit is a sample.
template <class T>
struct CtcCollapseArgs {
    const int32_t* best;
    const T* most;
    const void* frames;
    int32_t* labels;
    T* score;
    int64_t steps, blank;
    DType frames_type;
    bool merge;
};

// Sequences are nodes of a tree: a label and the sequence before it. The tree holds each sequence once, so two ways to
// spell it share a node.
struct CtcNode {
    int32_t before, label, length, first_child, sibling;
    int32_t place;  // position in the beam, or -1
};
template <class T>
struct CtcPrefix {
    T total, blank, label;
    int32_t node;
    int32_t first_longer, next_longer;  // linked list of the beam's sequences that are this one plus a label
};
template <class T>
struct CtcCandidate {
    T total, blank, label;
    int32_t from;   // position in the beam; then the node
    int32_t added;  // class, or -1: the sequence unchanged
    int64_t order;  // the lower wins a tie
};
template <class T>
struct CtcClass {
    T log_p;
    int32_t k;
};

// A work unit is a sample. Scratch per sample: nodes 1 + T width; beam, candidates width; classes `choice`; sums 4
// width; taken C.
template <class T>
struct CtcBeamArgs {
    const T* log_p;
    const void* frames;
    int32_t* paths;
    T *score, *sums;
    CtcNode* nodes;
    CtcPrefix<T>* beam;
    CtcCandidate<T>* candidates;
    CtcClass<T>* classes;
    bool* taken;
    int64_t batch, steps, count, blank, width, found, choice;  // count: C, found: P, choice: classes per frame
    DType frames_type;
};

}  // namespace netlet
