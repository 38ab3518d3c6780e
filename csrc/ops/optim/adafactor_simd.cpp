#include <math.h>

#include "dispatch/kernel.h"
#include "ops/optim/real_power.h"
#include "ops/optim/square_sums.h"
#include "ops/optim/update_simd.h"
#include "ops/optim/variable_args.h"

namespace netlet::NETLET_ISA {

namespace {

// The share of the new in the second moments: 1 - beta_t = t^decay.
NETLET_INLINE double adafactor_share(const OptimCells& c, double decay) {
    return real_power((double)update_number(c), decay);
}

template <class T>
NETLET_INLINE void adafactor_sums(const AdafactorSumsArgs<T>& a, Range r) {
    for (int64_t tile = r.begin; tile < r.end; ++tile) {
        const int64_t x = tile % a.across, y = tile / a.across % a.down, matrix = tile / a.across / a.down;
        const int64_t top = y * adafactor_tile_rows, left = x * adafactor_tile_columns;
        const int64_t bottom = top + adafactor_tile_rows < a.rows ? top + adafactor_tile_rows : a.rows;
        const int64_t n = a.columns - left < adafactor_tile_columns ? a.columns - left : adafactor_tile_columns;
        double* columns = a.column_sums + (matrix * a.down + y) * a.columns + left;
        for (int64_t j = 0; j < n; ++j) columns[j] = 0;
        for (int64_t i = top; i < bottom; ++i) {
            const T* g = a.g + (matrix * a.rows + i) * a.columns + left;
            a.row_sums[(matrix * a.across + x) * a.rows + i] = sum_squares(g, n);
            for (int64_t j = 0; j < n; ++j) columns[j] += (double)g[j] * (double)g[j];
        }
    }
}

template <class T>
NETLET_INLINE void adafactor_factor(const AdafactorFactorArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    constexpr int64_t block = 64;
    const double share = adafactor_share(a.c, a.decay);
    const T kept = (T)(1 - share), fresh = (T)share;
    for (int64_t begin = r.begin, end = 0; begin < r.end; begin = end) {
        const int64_t matrix = begin / a.n, i = begin % a.n;
        end = begin + block < r.end ? begin + block : r.end;
        if (end > (matrix + 1) * a.n) end = (matrix + 1) * a.n;
        double sums[block] = {};
        for (int64_t k = 0; k < a.count; ++k) {
            const double* partial = a.partial + (matrix * a.count + k) * a.n + i;
            for (int64_t j = 0; j < end - begin; ++j) sums[j] += partial[j];
        }
        for (int64_t j = 0; j < end - begin; ++j)
            a.factor[begin + j] = kept * a.factor[begin + j] + fresh * (T)(sums[j] / a.divisor + a.epsilon);
    }
}

template <class T>
NETLET_INLINE void adafactor_mean(const AdafactorMeanArgs<T>& a, Range r) {
    for (int64_t matrix = r.begin; matrix < r.end; ++matrix) {
        TreeSums sums;
        for (int64_t i = 0; i < a.n; i += TreeSums::width)
            sums.add(a.r + matrix * a.n + i, a.n - i < TreeSums::width ? a.n - i : TreeSums::width);
        a.mean[matrix] = sums.total() / (double)a.n;
    }
}

// Calls body(part, of_row, k) for each part of r that lies in one row: of_row is the square root of r / mean(r) in that
// row, and k points to the factor of the part's first column.
template <class T, class Body>
NETLET_INLINE void each_row_part(const auto& a, Range r, const Body& body) {
    for (int64_t begin = r.begin, end = 0; begin < r.end; begin = end) {
        const int64_t row = begin / a.columns, matrix = row / a.rows;
        end = (row + 1) * a.columns < r.end ? (row + 1) * a.columns : r.end;
        const Vec<T> of_row = Vec<T>::set1((T)::sqrt((double)a.r[row] / a.mean[matrix]));
        body(Range{begin, end}, of_row, a.k + matrix * a.columns + begin - row * a.columns);
    }
}

// The step is g / (root_of_row root_of_column), not g / sqrt(v): v of a row and a column that never had a gradient
// underflows in float32, and 0 / 0 would reach the weight.
template <class T>
NETLET_INLINE void adafactor_norms(const AdafactorNormsArgs<T>& a, Range r) {
    using V = Vec<T>;
    TreeSums weights, steps;
    if (!idle(a.c)) {
        const Decay<V> decay(a.c);
        if (a.r)
            each_row_part<T>(a, r, [&](Range part, V of_row, const T* k) NETLET_INLINE_LAMBDA {
                sum_pairs_of_squares<T>(
                    part, weights, steps, [&](auto lanes, int64_t i, T* w, T* u) NETLET_INLINE_LAMBDA {
                        const V of_column = lanes.load(k + (i - part.begin)), rest = of_row * sqrt(of_column);
                        lanes.store(of_row * of_row * of_column, a.v + i);
                        lanes.store(lanes.load(a.g + i) / rest, u);
                        lanes.store(decay(lanes.load(a.p + i)), w);
                    });
            });
        else {
            const double share = adafactor_share(a.c, a.decay);
            const V kept = V::set1((T)(1 - share)), fresh = V::set1((T)share), epsilon = V::set1((T)a.epsilon_1);
            sum_pairs_of_squares<T>(r, weights, steps, [&](auto lanes, int64_t i, T* w, T* u) NETLET_INLINE_LAMBDA {
                const V g = lanes.load(a.g + i), v = kept * lanes.load(a.v + i) + fresh * (g * g + epsilon);
                lanes.store(v, a.v + i);
                lanes.store(g / sqrt(v), u);
                lanes.store(decay(lanes.load(a.p + i)), w);
            });
        }
    }
    double* norms = a.norms + 2 * (r.begin / a.grain);
    norms[0] = weights.total();
    norms[1] = steps.total();
}

template <class T>
NETLET_INLINE void adafactor_apply(const AdafactorApplyArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const double size = (double)a.size, lr = *a.c.lr, relative = 1 / ::sqrt((double)update_number(a.c));
    const double weights = ::sqrt(a.norms[0] / size), steps = ::sqrt(a.norms[1] / size) / a.clip_threshold;
    const double alpha = (weights < a.epsilon_2 ? a.epsilon_2 : weights) * (relative < lr ? relative : lr);
    const V rate = V::set1((T)(alpha / (steps < 1 ? 1 : steps)));
    if (a.r)
        each_row_part<T>(a, r, [&](Range part, V of_row, const T* k) NETLET_INLINE_LAMBDA {
            each_vector<V>(part, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
                const V u = lanes.load(a.g + i) / (of_row * sqrt(lanes.load(k + (i - part.begin))));
                lanes.store(decay(lanes.load(a.p + i)) - rate * u, a.p + i);
            });
        });
    else
        each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
            const V u = lanes.load(a.g + i) / sqrt(lanes.load(a.v + i));
            lanes.store(decay(lanes.load(a.p + i)) - rate * u, a.p + i);
        });
}

}  // namespace

#define NETLET_ADAFACTOR(T, suffix)                                                                                    \
    NETLET_DEFINE_KERNEL(adafactor_sums_##suffix, AdafactorSumsArgs<T>) { adafactor_sums(a, r); }                      \
    NETLET_DEFINE_KERNEL(adafactor_factor_##suffix, AdafactorFactorArgs<T>) { adafactor_factor(a, r); }                \
    NETLET_DEFINE_KERNEL(adafactor_mean_##suffix, AdafactorMeanArgs<T>) { adafactor_mean(a, r); }                      \
    NETLET_DEFINE_KERNEL(adafactor_norms_##suffix, AdafactorNormsArgs<T>) { adafactor_norms(a, r); }                   \
    NETLET_DEFINE_KERNEL(adafactor_update_##suffix, AdafactorApplyArgs<T>) { adafactor_apply(a, r); }
NETLET_ADAFACTOR(float, f32)
NETLET_ADAFACTOR(double, f64)
#undef NETLET_ADAFACTOR

}  // namespace netlet::NETLET_ISA
