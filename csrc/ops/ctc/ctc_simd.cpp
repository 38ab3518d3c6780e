#include "dispatch/kernel.h"
#include "ops/ctc/ctc_sample.h"
#include "ops/ctc/ctc_scaled.h"
#include "ops/loss/loss_rows.h"

namespace netlet::NETLET_ISA {

namespace {

template <class T>
NETLET_INLINE void ctc_norm(const CtcNormArgs<T>& a, Range r) {
    const int64_t cols = a.batch.classes;
    for (int64_t row = r.begin; row < r.end; ++row) {
        if (row % a.batch.steps >= frames_of(a.batch, row / a.batch.steps)) continue;
        const Softmax<T> s = softmax_of<Vec<T>>(a.x + row * cols, cols);
        a.norm[2 * row] = s.max;
        a.norm[2 * row + 1] = T(1) / s.sum;
    }
}

// ---- a row of states: blanks b and labels l -------------------------------------------------------------------------
template <class T>
struct CtcStates {
    using V = Vec<T>;
    T *bm, *be, *lm, *le;
    NETLET_MEMBER_INLINE CtcStates(T* parts, int64_t row) : bm(parts + 1), be(bm + row), lm(be + row), le(lm + row) {}
    NETLET_MEMBER_INLINE Scaled<V> blank(int64_t j) const { return Scaled<V>::load(bm + j, be + j); }
    NETLET_MEMBER_INLINE Scaled<V> label(int64_t j) const { return Scaled<V>::load(lm + j, le + j); }
    NETLET_MEMBER_INLINE void clear(int64_t j) const {
        bm[j] = lm[j] = 0;
        be[j] = le[j] = first_lane(Scaled<V>::lowest());
    }
    NETLET_MEMBER_INLINE void clear_all(int64_t row) const {
        for (int64_t j = -1; j < row - 1; ++j) clear(j);
    }
    // Sets blank j to the number 1.
    NETLET_MEMBER_INLINE void set_one(int64_t j) const {
        bm[j] = T(0.5);
        be[j] = 1;
    }
};

// ---- the probabilities of a sample's frames at its labels -----------------------------------------------------------
template <class T>
struct CtcLabels {
    using V = Vec<T>;
    const CtcBatch& batch;
    const T *x, *norm;  // of the sample
    const int32_t* symbols;
    int64_t length, states;  // states: 0..length, rounded up to whole vectors
    T *other, *pm, *pe, *line;
    T blank_m = 0, blank_e = 0;

    NETLET_MEMBER_INLINE CtcLabels(const CtcBatch& batch_, const T* x_, const T* norm_, const int32_t* symbols_,
                                   int64_t length_, T* scratch)
        : batch(batch_),
          x(x_),
          norm(norm_),
          symbols(symbols_),
          length(length_),
          states((length_ + V::width) / V::width * V::width) {
        const int64_t row = ctc_row(batch.width);
        other = scratch + 1;
        pm = other + row;
        pe = pm + row;
        line = pe + row;
        for (int64_t j = -1; j < row - 1; ++j) other[j] = j > 0 && j < length && symbols[j] != symbols[j - 1];
    }

    // Reads the probabilities of the labels and of the blank in frame t. Returns false if they are NaN.
    NETLET_MEMBER_INLINE bool read(int64_t t) {
        const T* row = x + t * batch.classes;
        const T share = norm[2 * t + 1];
        const V most = V::set1(norm[2 * t]), shares = V::set1(share);
        for (int64_t j = 0; j < length; ++j) line[j] = row[symbols[j]];
        for (int64_t j = length; j < states; ++j) line[j] = norm[2 * t];
        for (int64_t j = 0; j < states; j += V::width)
            scaled_exp(V::load(line + j) - most, shares).store(pm + j, pe + j);
        for (int64_t j = length; j < states; ++j) {
            pm[j] = 0;
            pe[j] = first_lane(Scaled<V>::lowest());
        }
        const Scaled<V> p = scaled_exp(V::set1(row[batch.blank]) - most, shares);
        blank_m = first_lane(p.m);
        blank_e = first_lane(p.e);
        return share > 0;
    }
    NETLET_MEMBER_INLINE Scaled<V> p(int64_t j) const { return Scaled<V>::load(pm + j, pe + j); }
    NETLET_MEMBER_INLINE Scaled<V> p_blank() const { return Scaled<V>::set1(blank_m, blank_e); }
};

// ---- forward --------------------------------------------------------------------------------------------------------
template <class T>
NETLET_INLINE void ctc_step(const CtcLabels<T>& f, const CtcStates<T>& from, const CtcStates<T>& to) {
    using V = Vec<T>;
    const Scaled<V> blank = f.p_blank();
    for (int64_t j = 0; j < f.states; j += V::width) {
        const Scaled<V> b = from.blank(j), l = from.label(j), before = from.label(j - 1);
        product(sum(b, before), blank).store(to.bm + j, to.be + j);
        product(sum(l, b, where(V::load(f.other + j), before)), f.p(j)).store(to.lm + j, to.le + j);
    }
}

template <class T>
NETLET_INLINE void ctc_forward(const CtcForwardArgs<T>& a, Range r) {
    using V = Vec<T>;
    using D = Vec<double>;
    const CtcBatch& s = a.batch;
    const int64_t row = ctc_row(s.width), part = ctc_parts * row;
    for (int64_t b = r.begin; b < r.end; ++b) {
        int32_t* symbols = a.symbols + b * s.width;
        const CtcSample sample = read_sample(s, b, symbols);
        bool valid = sample.valid;
        T* table = a.table + b * a.rows * part;
        auto states = [&](int64_t t) NETLET_INLINE_LAMBDA { return CtcStates<T>(table + t % a.rows * part, row); };
        if (valid) {
            CtcLabels<T> f(s, a.x + b * s.steps * s.classes, a.norm + b * s.steps * 2, symbols, sample.length,
                           a.scratch + b * ctc_lines * row);
            states(0).clear_all(row);
            states(0).set_one(0);
            for (int64_t t = 0; valid && t < sample.frames; ++t) {
                valid = f.read(t);
                states(t + 1).clear(-1);
                ctc_step(f, states(t), states(t + 1));
            }
        }
        T *z = a.z + 2 * b, m = (T)NETLET_NAN, e = 0;
        if (valid) {
            const CtcStates<T> last = states(sample.frames);
            const int64_t n = sample.length;
            const Scaled<V> total =
                sum(Scaled<V>::set1(last.bm[n], last.be[n]), Scaled<V>::set1(last.lm[n - 1], last.le[n - 1]));
            m = first_lane(total.m);
            e = first_lane(total.e);
        }
        z[0] = m;
        z[1] = e;
        const double log_m = first_lane(log(D::set1((double)m)));
        a.loss[b] = m == 0 ? (T)NETLET_INFINITY : (T) - (log_m + (double)e * 0.693147180559945309417);
    }
}

// ---- backward -------------------------------------------------------------------------------------------------------
template <class T>
NETLET_INLINE void ctc_softmax(const CtcSoftmaxArgs<T>& a, Range r) {
    using V = Vec<T>;
    const CtcBatch& s = a.batch;
    for (int64_t row = r.begin; row < r.end; ++row) {
        const int64_t b = row / s.steps;
        const T m = a.z[2 * b], *x = a.x + row * s.classes;
        T* dx = a.dx + row * s.classes;
        if (m == 0 || a.dy[b] == 0 || row % s.steps >= frames_of(s, b)) {
            if (!a.accumulate)
                row_each<V>(s.classes,
                            [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA { lanes.store(V::zero(), dx + j); });
            continue;
        }
        const V most = V::set1(a.norm[2 * row]), factor = V::set1(m == m ? a.norm[2 * row + 1] * a.dy[b] : m);
        row_each<V>(s.classes, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            store_gradient(lanes, exp(lanes.load(x + j) - most) * factor, dx + j, a.accumulate);
        });
    }
}

// One step of beta, in place. Writes the probabilities of the labels' states to `line`, and returns the summed
// probability of all blanks.
template <class T>
NETLET_INLINE T ctc_step_back(const CtcLabels<T>& f, const CtcStates<T>& alpha, const CtcStates<T>& beta,
                              Scaled<Vec<T>> z) {
    using V = Vec<T>;
    const Scaled<V> blank = f.p_blank();
    V blanks = V::zero();
    for (int64_t j = 0; j < f.states; j += V::width) {
        const Scaled<V> b = beta.blank(j), l = beta.label(j), next = beta.label(j + 1);
        const Scaled<V> to_b = sum(b, l), to_l = sum(l, beta.blank(j + 1), where(V::load(f.other + j + 1), next));
        blanks += ratio(alpha.blank(j), to_b, z);
        ratio(alpha.label(j), to_l, z).store(f.line + j);
        product(to_b, blank).store(beta.bm + j, beta.be + j);
        product(to_l, f.p(j)).store(beta.lm + j, beta.le + j);
    }
    return reduce_add(blanks);
}

template <class T>
NETLET_INLINE void ctc_backward(const CtcBackwardArgs<T>& a, Range r) {
    using V = Vec<T>;
    const CtcBatch& s = a.batch;
    const int64_t row = ctc_row(s.width), part = ctc_parts * row;
    for (int64_t b = r.begin; b < r.end; ++b) {
        const Scaled<V> z = Scaled<V>::set1(a.z[2 * b], a.z[2 * b + 1]);
        const T g = a.dy[b];
        if (!(a.z[2 * b] > 0) || g == 0) continue;
        int32_t* symbols = a.symbols + b * s.width;
        const CtcSample sample = read_sample(s, b, symbols);
        if (!sample.valid) continue;
        const int64_t first = b * s.steps;
        T* scratch = a.scratch + b * ctc_lines_bwd * row;
        CtcLabels<T> f(s, a.x + first * s.classes, a.norm + first * 2, symbols, sample.length, scratch);
        const CtcStates<T> beta(scratch + ctc_lines * row, row);
        beta.clear_all(row);
        beta.set_one(sample.length);
        for (int64_t t = sample.frames - 1; t >= 0; --t) {
            // const_cast: forward wrote this row of states; here it is only read.
            const CtcStates<T> alpha(const_cast<T*>(a.table) + (b * (s.steps + 1) + t + 1) * part, row);
            f.read(t);
            T* dx = a.dx + (first + t) * s.classes;
            dx[s.blank] -= g * ctc_step_back(f, alpha, beta, z);
            for (int64_t j = 0; j < sample.length; ++j) dx[symbols[j]] -= g * f.line[j];
        }
    }
}

}  // namespace

#define NETLET_CTC(T, suffix)                                                                                          \
    NETLET_DEFINE_KERNEL(ctc_norm_##suffix, CtcNormArgs<T>) { ctc_norm(a, r); }                                        \
    NETLET_DEFINE_KERNEL(ctc_forward_##suffix, CtcForwardArgs<T>) { ctc_forward(a, r); }                               \
    NETLET_DEFINE_KERNEL(ctc_softmax_##suffix, CtcSoftmaxArgs<T>) { ctc_softmax(a, r); }                               \
    NETLET_DEFINE_KERNEL(ctc_backward_##suffix, CtcBackwardArgs<T>) { ctc_backward(a, r); }
NETLET_CTC(float, f32)
NETLET_CTC(double, f64)
#undef NETLET_CTC

}  // namespace netlet::NETLET_ISA
