#include "dispatch/kernel.h"
#include "ops/metric/confusion_args.h"
#include "ops/metric/read_number.h"

namespace netlet::NETLET_ISA {

// ---- thresholds -----------------------------------------------------------------------------------------------------
// The number of thresholds below x; 0 for NaN, which is above none.
template <class T>
NETLET_INLINE int64_t thresholds_below(const T* thresholds, int64_t count, T x) {
    if (count <= 8) {  // fewer steps than a search, and no branches
        int64_t below = 0;
        for (int64_t i = 0; i < count; ++i) below += x > thresholds[i];
        return below;
    }
    int64_t first = 0, last = count;
    while (first < last) {
        const int64_t middle = (first + last) / 2;
        if (x > thresholds[middle])
            first = middle + 1;
        else
            last = middle;
    }
    return first;
}

template <class T>
NETLET_INLINE int64_t bucket_of(const ConfusionBucketsArgs<T>& a, T x) {
    const int64_t count = a.buckets - 1;
    if (a.spacing == Spacing::any) return thresholds_below(a.thresholds, count, x);
    const T clipped = x > T(0) ? (x < T(1) ? x : T(1)) : T(0);  // NaN: 0
    const T scaled = clipped * (T)(count - 1);
    const int64_t whole = (int64_t)scaled, up = whole + ((T)whole < scaled);
    return a.spacing == Spacing::even_beyond && up == 0 ? 1 : up;
}

template <class T>
NETLET_INLINE void confusion_buckets(const ConfusionBucketsArgs<T>& a, Range r) {
    const int64_t cells = a.labels * 2 * a.buckets;
    double* counts = a.counts + r.begin / a.grain * cells;
    for (int64_t i = 0; i < cells; ++i) counts[i] = 0;
    const bool by_label = a.labels > 1;
    for (int64_t row = r.begin; row < r.end; ++row) {
        const T row_w = a.w && a.w_rows ? a.w[row / a.w_rows] : T(1);
        for (int64_t col = 0; col < a.cols; ++col) {
            const int64_t i = row * a.cols + col;
            T w = a.w && !a.w_rows ? a.w[i] : row_w;
            if (a.label_w) w *= a.label_w[col];
            const int64_t side = a.y[i] != T(0), label = by_label ? col : 0;
            counts[(label * 2 + side) * a.buckets + bucket_of(a, a.x[i])] += (double)w;
        }
    }
}

NETLET_DEFINE_KERNEL(confusion_buckets_f32, ConfusionBucketsArgs<float>) { confusion_buckets(a, r); }
NETLET_DEFINE_KERNEL(confusion_buckets_f64, ConfusionBucketsArgs<double>) { confusion_buckets(a, r); }

NETLET_DEFINE_KERNEL(confusion_counts, ConfusionCountsArgs) {
    const int64_t cells = a.labels * 2 * a.buckets, thresholds = a.buckets - 1;
    for (int64_t label = r.begin; label < r.end; ++label) {
        double* sums = a.counts + label * 2 * a.buckets;  // of the first chunk, to which the others are added
        for (int64_t chunk = 1; chunk < a.chunks; ++chunk)
            for (int64_t i = 0; i < 2 * a.buckets; ++i) sums[i] += sums[chunk * cells + i];
        const double *negative = sums, *positive = sums + a.buckets;
        double tp = 0, fp = 0, tn = 0, fn = 0;
        for (int64_t i = thresholds; i-- > 0;) {
            const int64_t to = a.order[i] * a.labels + label;
            tp += positive[i + 1];
            fp += negative[i + 1];
            if (a.tp) a.tp[to] += tp;
            if (a.fp) a.fp[to] += fp;
        }
        for (int64_t i = 0; i < thresholds; ++i) {
            const int64_t to = a.order[i] * a.labels + label;
            tn += negative[i];
            fn += positive[i];
            if (a.tn) a.tn[to] += tn;
            if (a.fn) a.fn[to] += fn;
        }
    }
}

// ---- confusion matrix -----------------------------------------------------------------------------------------------
// Whether v names one of the classes; a fraction is cut off, as a cast to an integer does.
NETLET_INLINE bool names_a_class(double v, int64_t classes) { return v > -1 && v < (double)classes; }

NETLET_DEFINE_KERNEL(confusion_matrix, ConfusionMatrixArgs) {
    const bool counts_outside = a.outside && r.begin == 0;
    for (int64_t i = 0; i < a.n; ++i) {
        const double label = number_at(a.labels, a.label_type, i);
        const bool known = names_a_class(label, a.classes);
        if (known && ((int64_t)label < r.begin || (int64_t)label >= r.end) && !counts_outside) continue;
        if (a.ignore >= 0 && label == (double)a.ignore) continue;
        const double prediction = number_at(a.predictions, a.prediction_type, i);
        if (!known || !names_a_class(prediction, a.classes)) {
            if (counts_outside && a.outside[0]++ == 0) a.outside[1] = known ? prediction : label;
            continue;
        }
        if ((int64_t)label < r.begin || (int64_t)label >= r.end) continue;
        a.matrix[(int64_t)label * a.classes + (int64_t)prediction] += a.w ? a.w[i / a.w_inner] : 1.0;
    }
}

}  // namespace netlet::NETLET_ISA
