// What the CTC kernels of a GPU share. A sample is a block of threads, each of which has every 128th state; a time step
// is a loop over the states and one barrier. The states of two steps are in shared memory where they fit, and otherwise
// in the arrays of the CPU's kernels. What a step reads from x does not depend on the step before it, so the thread's
// first label is read one step ahead: that latency, not arithmetic, bounds a step.
#pragma once
#include "cuda/reduce.h"
#include "cuda/vec.h"
#include "ops/ctc/ctc_sample.h"
#include "ops/ctc/ctc_scaled.h"

namespace netlet::cuda {

constexpr int ctc_threads = 128;
constexpr size_t ctc_most_shared = 96 * 1024, ctc_reduce_bytes = 32;

// Memory of a row of states and other lines: in shared memory or not.
template <class T, bool in_shared> struct LinesIn {
    using P = T*;
};
template <class T> struct LinesIn<T, true> {
    using P = Shared<T>;
};

template <class T, class P> struct StateRow {
    using Number = gpu::Scaled<Vec<T>>;
    P parts;
    int64_t pitch;  // from one part to the next; state j is element j
    __device__ Number blank(int64_t j) const { return {Vec<T>{parts[j]}, Vec<T>{parts[pitch + j]}}; }
    __device__ Number label(int64_t j) const { return {Vec<T>{parts[2 * pitch + j]}, Vec<T>{parts[3 * pitch + j]}}; }
    __device__ void set(int64_t j, Number blank, Number label) const {
        parts[j] = blank.m.r;
        parts[pitch + j] = blank.e.r;
        parts[2 * pitch + j] = label.m.r;
        parts[3 * pitch + j] = label.e.r;
    }
};

// read_sample (ctc_sample.h) by all threads of the block. The labels are written before it returns.
__device__ inline gpu::CtcSample read_sample(const CtcBatch& a, int64_t b, int32_t* symbols, Shared<int32_t> scratch) {
    gpu::CtcSample s{gpu::frames_of(a, b), 0, true};
    if (a.label_lengths) {
        s.length = gpu::index_at(a.label_lengths, a.length_type, b);
    } else {
        int32_t count = 0;
        for (int64_t j = threadIdx.x; j < a.width; j += ctc_threads)
            count += gpu::index_at(a.labels, a.label_type, b * a.width + j) != a.blank;
        s.length = reduce_block<ctc_threads>(count, scratch, Plus());
    }
    s.valid =
        s.length >= 0 && s.length <= a.width && (!a.frames || s.frames == gpu::index_at(a.frames, a.frames_type, b));
    int32_t wrong = 0;
    for (int64_t j = threadIdx.x; s.valid && j < s.length; j += ctc_threads) {
        const int64_t k = gpu::index_at(a.labels, a.label_type, b * a.width + j);
        if (k < 0 || k >= a.classes || k == a.blank) ++wrong;
        symbols[j] = (int32_t)k;
    }
    s.valid = reduce_block<ctc_threads>(wrong, scratch, Plus()) == 0 && s.valid;
    return s;
}

// The probabilities of a sample's frames. symbols[j] is the class of label j.
template <class T> struct CtcFrames {
    using V = Vec<T>;
    using Number = gpu::Scaled<V>;
    const T *x, *norm;  // of the sample
    const int32_t* symbols;
    int64_t classes, blank, length;

    // A frame, with the logits of the blank and of the thread's first label.
    struct Frame {
        T most, share, at_blank, at_label;
    };
    __device__ CtcFrames(const CtcBatch& s, int64_t b, const T* x_, const T* norm_, const int32_t* symbols_, int64_t n)
        : x(x_ + b * s.steps * s.classes),
          norm(norm_ + b * s.steps * 2),
          symbols(symbols_),
          classes(s.classes),
          blank(s.blank),
          length(n) {}
    __device__ Frame read(int64_t t) const {
        const T* row = x + t * classes;
        const int64_t j = threadIdx.x;
        return {norm[2 * t], norm[2 * t + 1], row[blank], j < length ? row[symbols[j]] : T(0)};
    }
    __device__ Number p_blank(const Frame& f) const { return gpu::scaled_exp(V{f.at_blank - f.most}, V{f.share}); }
    __device__ Number p(const Frame& f, int64_t t, int64_t j) const {
        const T at = j < ctc_threads ? f.at_label : x[t * classes + symbols[j]];
        return gpu::scaled_exp(V{at - f.most}, V{f.share});
    }
    // Whether labels j - 1 and j exist and differ.
    __device__ bool other(int64_t j) const { return j > 0 && j < length && symbols[j] != symbols[j - 1]; }
};

}  // namespace netlet::cuda
