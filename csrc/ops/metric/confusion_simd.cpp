#include "dispatch/kernel.h"
#include "ops/metric/buckets.h"
#include "ops/metric/confusion_args.h"
#include "ops/metric/read_number.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

// ---- thresholds -----------------------------------------------------------------------------------------------------
template <class T, class Bucket>
NETLET_INLINE void add_to_buckets(const ConfusionBucketsArgs<T>& a, Range r, const Bucket& bucket) {
    const int64_t cells = a.labels * 2 * a.buckets, label_cells = a.labels > 1 ? 2 * a.buckets : 0;
    double* counts = a.counts + r.begin / a.grain * cells;
    for (int64_t i = 0; i < cells; ++i) counts[i] = 0;
    for (int64_t row = r.begin; row < r.end; ++row) {
        const T row_w = a.w && a.w_rows ? a.w[row / a.w_rows] : T(1);
        for (int64_t col = 0; col < a.cols; ++col) {
            const int64_t i = row * a.cols + col;
            T w = a.w && !a.w_rows ? a.w[i] : row_w;
            if (a.label_w) w *= a.label_w[col];
            const int64_t side = a.y[i] != T(0);  // multiplied, not chosen by it: a branch would be mispredicted
            counts[col * label_cells + side * a.buckets + bucket(a.x[i])] += (double)w;
        }
    }
}

template <class T>
NETLET_INLINE void confusion_buckets(const ConfusionBucketsArgs<T>& a, Range r) {
    const int64_t count = a.buckets - 1;
    const T scale = (T)(count - 1);
    switch (a.spacing) {
        case Spacing::any:
            return add_to_buckets(a, r,
                                  [&](T x) NETLET_INLINE_LAMBDA { return thresholds_below(a.thresholds, count, x); });
        case Spacing::even:
            return add_to_buckets(a, r, [&](T x) NETLET_INLINE_LAMBDA { return even_bucket(scale, x); });
        case Spacing::even_beyond:
            return add_to_buckets(a, r, [&](T x) NETLET_INLINE_LAMBDA {
                const int64_t bucket = even_bucket(scale, x);
                return bucket > 0 ? bucket : 1;
            });
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
NETLET_DEFINE_KERNEL(confusion_matrix, ConfusionMatrixArgs) {
    const int64_t cells = a.classes * a.classes;
    double *matrix = a.matrix, *outside = a.outside;
    if (a.partial) {
        matrix = a.partial + r.begin / a.grain * (cells + 2);
        outside = matrix + cells;
        for (int64_t i = 0; i < cells + 2; ++i) matrix[i] = 0;
    }
    for (int64_t i = r.begin; i < r.end; ++i) {
        const double label = number_at(a.labels, a.label_type, i);
        const double prediction = number_at(a.predictions, a.prediction_type, i);
        if (a.ignore >= 0 && label == (double)a.ignore) continue;
        const bool known = names_a_class(label, a.classes);
        if (known && names_a_class(prediction, a.classes))
            matrix[(int64_t)label * a.classes + (int64_t)prediction] += a.w ? a.w[i / a.w_inner] : 1.0;
        else if (outside && outside[0]++ == 0)
            outside[1] = known ? prediction : label;
    }
}

NETLET_DEFINE_KERNEL(confusion_matrix_finish, ConfusionMatrixArgs) {
    const int64_t cells = a.classes * a.classes;
    for (int64_t chunk = 0; chunk < a.chunks; ++chunk) {
        const double* partial = a.partial + chunk * (cells + 2);
        for (int64_t i = r.begin; i < r.end; ++i) a.matrix[i] += partial[i];
        if (r.begin > 0 || !a.outside || partial[cells] == 0) continue;
        if (a.outside[0] == 0) a.outside[1] = partial[cells + 1];
        a.outside[0] += partial[cells];
    }
}

}  // namespace netlet::NETLET_ISA
