// Reading label sequences out of classes a frame (Graves et al., 2006, section 3.2). frames (B,): null counts all T.
//
// ctc_collapse: the best path. best (B, T) classes and their logits `most` -> labels (B, T): without blanks and, where
// `merge`, repetitions of the frame before, then -1; score (B, 1) = -sum of most over the frames that count.
//
// ctc_beam: prefix search. Of all label sequences that the frames so far can spell, the `width` most probable stay, each
// with the probability of ending in a blank and of ending in its last label:
//
//   same sequence    blank' = (blank + label) p(blank)         label' = label p(last) + (the sequence before it becomes it)
//   one label more   label' = (blank + label) p(k), but blank p(k) where k repeats the last label
//
// log_p (B, T, C) -> paths (P, B, T), then -1, and score (B, P), log probabilities; P that were not found: -1 and -inf.
// Equal probabilities: the sequence that was there before, or comes of a better one, or has the lower label.
#pragma once
#include "base/types.h"

namespace netlet {

// A unit is a sample.
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

// Sequences are nodes of a tree: a label and the sequence before it. Each is there once, so that two ways to spell it
// meet.
struct CtcNode {
    int32_t before, label, length, first_child, sibling;
    int32_t place;  // in the beam, or -1
};
template <class T>
struct CtcPrefix {
    T total, blank, label;
    int32_t node;
    int32_t first_longer, next_longer;  // those of the beam that are this one and a label
};
template <class T>
struct CtcCandidate {
    T total, blank, label;
    int32_t from;   // place in the beam
    int32_t added;  // class, or -1: the sequence as it is
    int64_t order;  // the lower wins among equals
};
template <class T>
struct CtcClass {
    T log_p;
    int32_t k;
};

// A unit is a sample. Scratch of each: nodes 1 + T width; beam width; candidates width; classes and the numbers
// `sums` 4 width as said; taken C.
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
    int64_t batch, steps, count, blank, width, found, choice;  // C, P, and how many classes a frame is searched for
    DType frames_type;
};

}  // namespace netlet
