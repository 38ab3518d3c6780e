// A sample's lengths and labels, checked as the kernels read them.
#pragma once
#include "ops/ctc/ctc_args.h"
#include "ops/index/read_index.h"

namespace netlet::NETLET_ISA {

// The frames of a sample that count, clamped to [0, T].
template <class Args>
NETLET_INLINE int64_t frames_of(const Args& a, int64_t b) {
    const int64_t n = a.frames ? index_at(a.frames, a.frames_type, b) : a.steps;
    return n < 0 ? 0 : n < a.steps ? n : a.steps;
}

struct CtcSample {
    int64_t frames, length;
    bool valid;
};

// Copies the labels to `symbols`. Each label is read once, so a label that changes meanwhile cannot index out of
// bounds.
NETLET_INLINE CtcSample read_sample(const CtcBatch& a, int64_t b, int32_t* symbols) {
    CtcSample s{frames_of(a, b), 0, true};
    if (a.label_lengths) {
        s.length = index_at(a.label_lengths, a.length_type, b);
    } else {
        for (int64_t j = 0; j < a.width; ++j) s.length += index_at(a.labels, a.label_type, b * a.width + j) != a.blank;
    }
    s.valid = s.length >= 0 && s.length <= a.width && (!a.frames || s.frames == index_at(a.frames, a.frames_type, b));
    for (int64_t j = 0; s.valid && j < s.length; ++j) {
        const int64_t k = index_at(a.labels, a.label_type, b * a.width + j);
        s.valid = k >= 0 && k < a.classes && k != a.blank;
        symbols[j] = (int32_t)k;
    }
    return s;
}

}  // namespace netlet::NETLET_ISA
