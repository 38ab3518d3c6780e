#include "dispatch/kernel.h"
#include "ops/ctc/ctc_decode_args.h"
#include "ops/ctc/ctc_sample.h"
#include "ops/ctc/ctc_top_k.h"
#include "simd/each_vector.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

namespace {

template <class T>
NETLET_INLINE void ctc_collapse(const CtcCollapseArgs<T>& a, Range r) {
    for (int64_t b = r.begin; b < r.end; ++b) {
        const int32_t* best = a.best + b * a.steps;
        int32_t* labels = a.labels + b * a.steps;
        const int64_t frames = frames_of(a, b);
        int64_t n = 0;
        double total = 0;
        for (int64_t t = 0; t < frames; ++t) {
            total += (double)a.most[b * a.steps + t];
            if (best[t] != a.blank && !(a.merge && t > 0 && best[t] == best[t - 1])) labels[n++] = best[t];
        }
        while (n < a.steps) labels[n++] = -1;
        a.score[b] = (T)-total;
    }
}

// x = log(e^x + e^y), for n pairs.
template <class T>
NETLET_INLINE void log_add(T* x, const T* y, int64_t n) {
    using V = Vec<T>;
    each_vector<V>({0, n}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V a = lanes.load(x + i), b = lanes.load(y + i), top = max(a, b);
        const V sum = top + log1p(exp(min(a, b) - top));
        lanes.store(select(eq(top, -infinity<V>()), top, sum), x + i);
    });
}

// The tree of one sample's sequences.
struct CtcTree {
    CtcNode* nodes;
    int32_t count = 0;

    NETLET_MEMBER_INLINE int32_t add(int32_t before, int32_t label) {
        const bool first = before < 0;
        nodes[count] = {before, label, first ? 0 : nodes[before].length + 1, -1, first ? -1 : nodes[before].first_child,
                        -1};
        if (before >= 0) nodes[before].first_child = count;
        return count++;
    }
    NETLET_MEMBER_INLINE int32_t child(int32_t node, int32_t label) {
        for (int32_t i = nodes[node].first_child; i >= 0; i = nodes[i].sibling)
            if (nodes[i].label == label) return i;
        return add(node, label);
    }
    // Writes the labels of a sequence.
    NETLET_MEMBER_INLINE void spell(int32_t node, int32_t* labels) const {
        for (; nodes[node].before >= 0; node = nodes[node].before) labels[nodes[node].length - 1] = nodes[node].label;
    }
};

// Computes the probabilities of the beam's sequences after a frame that adds no label, and writes them as candidates.
template <class T>
NETLET_INLINE void ctc_keep(const CtcNode* nodes, CtcPrefix<T>* beam, int64_t n, const T* log_p, int64_t blank,
                            CtcCandidate<T>* kept, T* sums, int64_t width) {
    const T none = -(T)NETLET_INFINITY;
    T *stays = sums, *comes = sums + width, *total = comes + width, *ends = total + width;
    for (int64_t i = 0; i < n; ++i) beam[i].first_longer = -1;
    for (int64_t i = 0; i < n; ++i) {
        const CtcNode& node = nodes[beam[i].node];
        stays[i] = comes[i] = none;
        total[i] = beam[i].total + log_p[blank];
        if (node.before < 0) continue;
        stays[i] = beam[i].label + log_p[node.label];
        const int32_t shorter = nodes[node.before].place;
        if (shorter < 0) continue;
        CtcPrefix<T>& from = beam[shorter];
        const bool repeats = nodes[node.before].before >= 0 && nodes[node.before].label == node.label;
        comes[i] = (repeats ? from.blank : from.total) + log_p[node.label];
        beam[i].next_longer = from.first_longer;
        from.first_longer = (int32_t)i;
    }
    log_add(stays, comes, n);
    for (int64_t i = 0; i < n; ++i) ends[i] = stays[i];
    for (int64_t i = 0; i < n; ++i) kept[i] = {0, total[i], stays[i], (int32_t)i, -1, i};
    log_add(total, ends, n);
    for (int64_t i = 0; i < n; ++i) kept[i].total = total[i];
}

// Processes one frame. Returns how many sequences the beam holds afterwards.
template <class T>
NETLET_INLINE int64_t ctc_beam_step(const CtcBeamArgs<T>& a, CtcTree& tree, CtcPrefix<T>* beam, int64_t n,
                                    const T* log_p, int64_t b) {
    CtcCandidate<T>* found = a.candidates + b * a.width;
    CtcClass<T>* classes = a.classes + b * a.choice;
    bool* taken = a.taken + b * a.count;
    const T none = -(T)NETLET_INFINITY;
    ctc_keep(tree.nodes, beam, n, log_p, a.blank, found, a.sums + b * 4 * a.width, a.width);
    TopK<CtcCandidate<T>> best{found, a.width};
    for (int64_t i = 0; i < n; ++i)
        if (found[i].total > none) best.offer(CtcCandidate<T>(found[i]));

    TopK<CtcClass<T>> likely{classes, a.choice};
    for (int64_t k = 0; k < a.count; ++k)
        if (k != a.blank && log_p[k] > none) likely.offer({log_p[k], (int32_t)k});
    likely.sort();

    int64_t order = n;
    for (int64_t i = 0; i < n; ++i) {
        const CtcNode& node = tree.nodes[beam[i].node];
        for (int32_t j = beam[i].first_longer; j >= 0; j = beam[j].next_longer)
            taken[tree.nodes[beam[j].node].label] = true;
        auto offer = [&](T total, int32_t k) NETLET_INLINE_LAMBDA {
            if (!(total > none)) return true;
            return best.offer({total, none, total, (int32_t)i, k, order++});
        };
        for (int64_t c = 0; c < likely.n; ++c) {
            const int32_t k = classes[c].k;
            if (k == node.label || taken[k]) continue;
            if (!offer(beam[i].total + classes[c].log_p, k)) break;
        }
        if (node.label >= 0 && !taken[node.label]) offer(beam[i].blank + log_p[node.label], node.label);
        for (int32_t j = beam[i].first_longer; j >= 0; j = beam[j].next_longer)
            taken[tree.nodes[beam[j].node].label] = false;
    }
    best.sort();

    // First replaces the candidates' beam positions by nodes, because the beam is overwritten below.
    for (int64_t i = 0; i < n; ++i) tree.nodes[beam[i].node].place = -1;
    for (int64_t i = 0; i < best.n; ++i) {
        const int32_t node = beam[found[i].from].node;
        found[i].from = found[i].added < 0 ? node : tree.child(node, found[i].added);
    }
    for (int64_t i = 0; i < best.n; ++i) {
        beam[i] = {found[i].total, found[i].blank, found[i].label, found[i].from, -1, -1};
        tree.nodes[found[i].from].place = (int32_t)i;
    }
    return best.n;
}

template <class T>
NETLET_INLINE void ctc_beam(const CtcBeamArgs<T>& a, Range r) {
    const T none = -(T)NETLET_INFINITY;
    for (int64_t b = r.begin; b < r.end; ++b) {
        CtcTree tree{a.nodes + b * (1 + a.steps * a.width)};
        CtcPrefix<T>* beam = a.beam + b * a.width;
        for (int64_t k = 0; k < a.count; ++k) a.taken[b * a.count + k] = false;
        beam[0] = {0, 0, none, tree.add(-1, -1), -1, -1};
        tree.nodes[0].place = 0;
        const int64_t frames = frames_of(a, b);
        int64_t n = 1;
        bool numbers = true;
        for (int64_t t = 0; t < frames && n > 0; ++t) {
            const T* log_p = a.log_p + (b * a.steps + t) * a.count;
            numbers = numbers && log_p[a.blank] == log_p[a.blank];
            n = ctc_beam_step(a, tree, beam, n, log_p, b);
        }
        for (int64_t p = 0; p < a.found; ++p) {
            int32_t* path = a.paths + (p * a.batch + b) * a.steps;
            for (int64_t t = 0; t < a.steps; ++t) path[t] = -1;
            if (p < n) tree.spell(beam[p].node, path);
            a.score[b * a.found + p] = !numbers ? (T)NETLET_NAN : p < n ? beam[p].total : none;
        }
    }
}

}  // namespace

#define NETLET_CTC_DECODE(T, suffix)                                                                                   \
    NETLET_DEFINE_KERNEL(ctc_collapse_##suffix, CtcCollapseArgs<T>) { ctc_collapse(a, r); }                            \
    NETLET_DEFINE_KERNEL(ctc_beam_##suffix, CtcBeamArgs<T>) { ctc_beam(a, r); }
NETLET_CTC_DECODE(float, f32)
NETLET_CTC_DECODE(double, f64)
#undef NETLET_CTC_DECODE

}  // namespace netlet::NETLET_ISA
