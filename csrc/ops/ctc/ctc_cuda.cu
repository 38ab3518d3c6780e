// CTC loss and its gradient. Sums over the labels of one class run in the order of the labels, as on the CPU: the
// thread of a class's first label follows a chain of the others.
#include "ops/ctc/ctc_cuda.h"

namespace netlet::cuda {

namespace {

constexpr int frame_threads = 256;

// A warp is a frame: calls f(row, lane) for frames of the batch.
template <class F> __device__ void each_frame(int64_t frames, F f) {
    const int64_t warps = all_threads() / warp;
    for (int64_t row = first_index() / warp; row < frames; row += warps) f(row, (int64_t)threadIdx.x % warp);
}

template <class T> __device__ void norm(CtcNormArgs<T> a, int64_t frames) {
    const int64_t cols = a.batch.classes;
    each_frame(frames, [&](int64_t row, int64_t lane) {
        if (row % a.batch.steps >= gpu::frames_of(a.batch, row / a.batch.steps)) return;
        const T* x = a.x + row * cols;
        T top = -(T)__builtin_inf(), sum = 0;
        for (int64_t j = lane; j < cols; j += warp) top = Larger()(top, x[j]);
        top = reduce_warp(top, Larger());
        for (int64_t j = lane; j < cols; j += warp) sum += exp(Vec<T>{x[j] - top}).r;
        sum = reduce_warp(sum, Plus());
        if (lane != 0) return;
        a.norm[2 * row] = top;
        a.norm[2 * row + 1] = T(1) / sum;
    });
}

template <class T, bool in_shared> __device__ void alpha(CtcForwardArgs<T> a, int64_t row) {
    using P = typename LinesIn<T, in_shared>::P;
    using Row = StateRow<T, P>;
    using Number = typename Row::Number;
    const CtcBatch& s = a.batch;
    const int64_t b = blockIdx.x, part = ctc_parts * row, pitch = in_shared ? s.width + 1 : row;
    int32_t* symbols = a.symbols + b * s.width;
    const gpu::CtcSample sample =
        read_sample(s, b, symbols, shared_array<int32_t>(0, ctc_reduce_bytes / sizeof(int32_t)));
    const int64_t n = sample.length;
    T* table = a.table + b * a.rows * part + 1;
    auto saved = [&](int64_t t) { return StateRow<T, T*>{table + t % a.rows * part, row}; };
    auto states = [&](int64_t t) {
        if constexpr (in_shared)
            return Row{shared_array<T>(ctc_reduce_bytes, (int)(2 * ctc_parts * pitch)) + t % 2 * ctc_parts * pitch,
                       pitch};
        else
            return saved(t);
    };
    const bool saves = in_shared && a.rows == s.steps + 1;
    auto set = [&](int64_t t, int64_t j, Number blank, Number label) {
        states(t).set(j, blank, label);
        if (saves) saved(t).set(j, blank, label);
    };
    bool valid = sample.valid;
    if (valid) {
        for (int64_t j = threadIdx.x; j <= n; j += ctc_threads)
            set(0, j, j == 0 ? Number::set1(T(0.5), 1) : Number::zero(), Number::zero());
        __syncthreads();
        const CtcFrames<T> f(s, b, a.x, a.norm, symbols, n);
        typename CtcFrames<T>::Frame next{};
        if (sample.frames > 0) next = f.read(0);
        for (int64_t t = 0; t < sample.frames; ++t) {
            const auto now = next;
            if (t + 1 < sample.frames) next = f.read(t + 1);
            valid = now.share > 0;
            if (!valid) break;
            const Row from = states(t);
            const Number p_blank = f.p_blank(now);
            for (int64_t j = threadIdx.x; j <= n; j += ctc_threads) {
                const Number blank = from.blank(j), label = from.label(j),
                             before = j > 0 ? from.label(j - 1) : Number::zero();
                const Number to_label =
                    j < n ? product(sum(label, blank, f.other(j) ? before : Number::zero()), f.p(now, t, j))
                          : Number::zero();
                set(t + 1, j, product(sum(blank, before), p_blank), to_label);
            }
            __syncthreads();
        }
    }
    if (threadIdx.x != 0) return;
    Number z{Vec<T>{(T)__builtin_nan("")}, Vec<T>{0}};
    if (valid) {
        const Row last = states(sample.frames);
        z = sum(last.blank(n), n > 0 ? last.label(n - 1) : Number::zero());
    }
    a.z[2 * b] = z.m.r;
    a.z[2 * b + 1] = z.e.r;
    const double log_m = log(Vec<double>{(double)z.m.r}).r;
    a.loss[b] = z.m.r == 0 ? (T)__builtin_inf() : (T) - (log_m + (double)z.e.r * 0.693147180559945309417);
}

template <class T> __device__ void softmax(CtcSoftmaxArgs<T> a, int64_t frames) {
    const CtcBatch& s = a.batch;
    each_frame(frames, [&](int64_t row, int64_t lane) {
        const int64_t b = row / s.steps;
        const T m = a.z[2 * b], *x = a.x + row * s.classes;
        T* dx = a.dx + row * s.classes;
        const bool none = m == 0 || a.dy[b] == 0 || row % s.steps >= gpu::frames_of(s, b);
        if (none && a.accumulate) return;
        const T most = none ? T(0) : a.norm[2 * row], factor = none ? T(0) : m == m ? a.norm[2 * row + 1] * a.dy[b] : m;
        for (int64_t j = lane; j < s.classes; j += warp) {
            const T d = none ? T(0) : exp(Vec<T>{x[j] - most}).r * factor;
            dx[j] = a.accumulate ? dx[j] + d : d;
        }
    });
}

// Lines of backward: the states of two steps; for two steps, the probabilities of the labels' states and of the
// blanks'; for each label, the next label of the same class or -1, and whether it is the first of its class.
constexpr int beta_lines = ctc_lines_gpu;

template <class T, bool in_shared> __device__ void beta(CtcBackwardArgs<T> a, int64_t row) {
    using P = typename LinesIn<T, in_shared>::P;
    using Row = StateRow<T, P>;
    using Number = typename Row::Number;
    const CtcBatch& s = a.batch;
    const int64_t b = blockIdx.x, part = ctc_parts * row, pitch = in_shared ? s.width + 1 : row;
    const Number z{Vec<T>{a.z[2 * b]}, Vec<T>{a.z[2 * b + 1]}};
    const T g = a.dy[b];
    if (!(z.m.r > 0) || g == 0) return;
    int32_t* symbols = a.symbols + b * s.width;
    const gpu::CtcSample sample =
        read_sample(s, b, symbols, shared_array<int32_t>(0, ctc_reduce_bytes / sizeof(int32_t)));
    if (!sample.valid) return;
    const int64_t n = sample.length;
    P lines;
    if constexpr (in_shared)
        lines = shared_array<T>(ctc_reduce_bytes, (int)(beta_lines * pitch));
    else
        lines = a.scratch + b * beta_lines * row;
    auto line = [&](int which) { return lines + which * pitch; };
    auto states = [&](int64_t t) { return Row{line((int)(t % 2) * (int)ctc_parts), pitch}; };
    const P next = line(12), first = line(13);
    for (int64_t j = threadIdx.x; j <= n; j += ctc_threads) {
        states(sample.frames).set(j, j == n ? Number::set1(T(0.5), 1) : Number::zero(), Number::zero());
        if (j == n) continue;
        int64_t after = j + 1, before = j - 1;
        while (after < n && symbols[after] != symbols[j]) ++after;
        while (before >= 0 && symbols[before] != symbols[j]) --before;
        next[j] = after < n ? (T)after : T(-1);
        first[j] = before < 0 ? T(1) : T(0);
    }
    __syncthreads();
    const CtcFrames<T> f(s, b, a.x, a.norm, symbols, n);
    typename CtcFrames<T>::Frame frame{};
    if (sample.frames > 0) frame = f.read(sample.frames - 1);
    for (int64_t t = sample.frames - 1; t >= 0; --t) {
        const auto now = frame;
        if (t > 0) frame = f.read(t - 1);
        const StateRow<T, const T*> alpha{a.table + (b * (s.steps + 1) + t + 1) * part + 1, row};
        const Row from = states(t + 1), to = states(t);
        const P labels = line(8 + (int)(t % 2)), blanks = line(10 + (int)(t % 2));
        const Number p_blank = f.p_blank(now);
        for (int64_t j = threadIdx.x; j <= n; j += ctc_threads) {
            const Number to_blank = sum(from.blank(j), from.label(j));
            blanks[j] = ratio(alpha.blank(j), to_blank, z).r;
            Number of_label = Number::zero();
            if (j < n) {
                const Number to_label =
                    sum(from.label(j), from.blank(j + 1), f.other(j + 1) ? from.label(j + 1) : Number::zero());
                labels[j] = ratio(alpha.label(j), to_label, z).r;
                of_label = product(to_label, f.p(now, t, j));
            }
            to.set(j, product(to_blank, p_blank), of_label);
        }
        __syncthreads();
        T* dx = a.dx + (b * s.steps + t) * s.classes;
        if (threadIdx.x < warp) {
            T total = 0;
            for (int64_t j = threadIdx.x; j <= n; j += warp) total += blanks[j];
            total = reduce_warp(total, Plus());
            if (threadIdx.x == 0) dx[s.blank] -= g * total;
        }
        for (int64_t j = threadIdx.x; j < n; j += ctc_threads) {
            if (first[j] == 0) continue;
            T d = dx[symbols[j]];
            for (int64_t k = j; k >= 0; k = (int64_t)(T)next[k]) d -= g * labels[k];
            dx[symbols[j]] = d;
        }
    }
}

template <class T> size_t shared_bytes(const CtcBatch& s, int lines) {
    return ctc_reduce_bytes + (size_t)lines * (size_t)(s.width + 1) * sizeof(T);
}

template <class T> void forward(const CtcForwardArgs<T>& a, int64_t samples, Stream& s) {
    const int64_t row = ctc_row(a.batch.width);
    const size_t bytes = shared_bytes<T>(a.batch, 2 * ctc_parts);
    if (bytes <= ctc_most_shared) return launch<alpha<T, true>, ctc_threads>(s, (unsigned)samples, bytes, a, row);
    launch<alpha<T, false>, ctc_threads>(s, (unsigned)samples, ctc_reduce_bytes, a, row);
}

template <class T> void backward(const CtcBackwardArgs<T>& a, int64_t samples, Stream& s) {
    const int64_t row = ctc_row(a.batch.width);
    const size_t bytes = shared_bytes<T>(a.batch, beta_lines);
    if (bytes <= ctc_most_shared) return launch<beta<T, true>, ctc_threads>(s, (unsigned)samples, bytes, a, row);
    launch<beta<T, false>, ctc_threads>(s, (unsigned)samples, ctc_reduce_bytes, a, row);
}

}  // namespace

#define NETLET_CTC(T, suffix)                                                                                          \
    NETLET_CUDA_KERNEL(ctc_norm_##suffix, CtcNormArgs<T>) {                                                            \
        launch<norm<T>, frame_threads>(s, blocks_for(s, units * warp, frame_threads), 0, a, units);                    \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(ctc_forward_##suffix, CtcForwardArgs<T>) { forward(a, units, s); }                              \
    NETLET_CUDA_KERNEL(ctc_softmax_##suffix, CtcSoftmaxArgs<T>) {                                                      \
        launch<softmax<T>, frame_threads>(s, blocks_for(s, units * warp, frame_threads), 0, a, units);                 \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(ctc_backward_##suffix, CtcBackwardArgs<T>) { backward(a, units, s); }
NETLET_CTC(float, f32)
NETLET_CTC(double, f64)

}  // namespace netlet::cuda
