// Metrics accumulate in float64, inside the recorded step: state[0] += total, state[1] += count, so that a mean over an
// epoch is exact to the last printed digit, however long the epoch.
//   N samples of `inner` values each; v (N * inner,); w (N * inner / w_inner,) weights, null: all 1
//   total = sum(v w) / inner, count = sum(w) / inner        (a sample's value is the mean of its values)
// Large arrays are summed in chunks: `partial` (2, chunks) holds the sums of the chunks, and a last record adds them.
#pragma once
#include "base/types.h"

namespace netlet {

struct MetricSum {
    double *state, *partial;
    int64_t n, w_inner, grain, chunks;
    double factor;      // 1 / inner; for a value that stands for many samples, times their number
    int64_t has_count;  // whether state[1] exists; not a bool, whose padding a copy leaves undefined
};

template <class T>
struct AccumulateMeanArgs {
    MetricSum sum;
    const T *v, *w, *unused;
};

enum class Accuracy : uint8_t {
    sparse,       // argmax(x) == label                 labels (R,) of any type, x (R, C)
    categorical,  // argmax(x) == argmax(t)             t, x (R, C)
    binary,       // (x > threshold) == t               t, x (R,)
    equal,        // x == t                             t, x (R,)
};

// One value per row, 1 or 0: summed into the state, or written to y (R,). Of equal maxima the first counts; NaN never
// matches.
template <class T>
struct AccuracyArgs {
    MetricSum sum;
    const void* labels;
    const T *t, *x, *w, *unused;
    T* y;
    int64_t cols;
    double threshold;
    DType label_type;
    Accuracy kind;
};

struct MetricFinishArgs {
    MetricSum sum;
};

}  // namespace netlet
