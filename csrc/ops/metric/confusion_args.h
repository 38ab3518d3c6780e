// Counts of right and wrong decisions, accumulated in float64 inside the recorded step.
//
// Thresholds t_0 <= ... <= t_{K-1}: a prediction x decides for the positive class at t if x > t. With weights w,
//   TP(t) = sum of w where y != 0 and x > t     FN(t) = sum of w where y != 0 and x <= t
//   FP(t) = sum of w where y == 0 and x > t     TN(t) = sum of w where y == 0 and x <= t
// One pass sorts x into buckets: bucket(x) is the number of thresholds below x, and TP(t_i) is the sum of the buckets
// beyond i. So the time is O(N + K), not O(N K). (Source: Keras 3, metrics_utils.py, where only evenly spaced
// thresholds are fast.) x, y (R, L): R rows of L labels; w: one weight per `w_rows` rows, or one per value if w_rows is
// 0; label_w (L,).
//   confusion_buckets: counts (chunks, labels, 2, K + 1) = sums of w by bucket, for y == 0 and y != 0. labels is L if
//                      each label is counted by itself, else 1. A work unit is a row.
//   confusion_counts:  TP, FP, TN, FN (K, labels) += sums of buckets; the counts of t_i go to row order[i]. Those that
//                      are null are not needed. A work unit is a label.
//
// Confusion matrix: matrix (C, C) += w at [label, prediction]. A pair with a class outside [0, C) is left out, and
// counted in outside[0]; outside[1] is the first such class.
//   confusion_matrix:        a work unit is a pair. With several chunks, each writes its sums to partial
//                            (chunks, C * C + 2), the last two for `outside`.
//   confusion_matrix_finish: adds them up, in order. A work unit is a cell of the matrix.
#pragma once
#include "base/types.h"

namespace netlet {

enum class Spacing : uint8_t {
    any,          // bucket by comparing with the thresholds
    even,         // t_i = i / (K - 1): bucket = ceil(x (K - 1)) for x clipped to [0, 1]
    even_beyond,  // the same, but t_0 is a little below 0 and t_{K-1} a little above 1
};

template <class T>
struct ConfusionBucketsArgs {
    const T *x, *y, *w, *label_w, *thresholds;
    double* counts;
    int64_t cols, w_rows, grain, labels, buckets;  // buckets: K + 1
    Spacing spacing;
};

struct ConfusionCountsArgs {
    double* counts;
    const int32_t* order;
    double *tp, *fp, *tn, *fn;
    int64_t chunks, labels, buckets;
};

struct ConfusionMatrixArgs {
    const void *labels, *predictions;
    const double* w;
    double *matrix, *outside, *partial;
    int64_t w_inner, classes, grain, chunks, ignore;  // ignore: pairs with this label are left out; -1: none
    DType label_type, prediction_type;
};

}  // namespace netlet
