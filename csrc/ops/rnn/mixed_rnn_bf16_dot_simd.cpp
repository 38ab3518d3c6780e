// The kernels of recurrent layers in bfloat16: the cells of the float kernels with another product.
#include "dispatch/kernel.h"
#include "ops/rnn/gru_cell.h"
#include "ops/rnn/lstm_cell.h"
#include "ops/rnn/mixed_rnn_args.h"
#include "ops/rnn/simple_rnn_cell.h"
#include "simd/bf16_lanes.h"

namespace netlet::NETLET_ISA {

namespace {

// to (rows, columns) = init + x (rows, terms), rounded, times panels. Steps: Forward or Back.
template <class Steps>
NETLET_INLINE void rounded_product(const Steps& w, int32_t* scratch, const float* x, int64_t ld, int64_t terms,
                                   const int32_t* panels, float* to, int64_t ld_to, int64_t columns, Init<float> init) {
    constexpr int64_t most = 2 * Words::width;
    const int64_t pitch = mixed_rnn_pitch(w.U, w.a.n.G);
    int32_t* lanes = scratch + w.first * pitch;
    for (int64_t i = 0; i < w.rows; ++i)
        for (int64_t k = 0; k < terms; k += most)
            MixedLanes::along(x + i * ld + k, terms - k < most ? terms - k : most).store(lanes + i * pitch + k / 2);
    const FlushSubnormals flush;
    rows_times_panels<Bf16Lanes>(w.rows, columns, (terms + 1) / 2, lanes, pitch, panels, to, ld_to, init);
}

struct ForwardProduct {
    const MixedRnnArgs& a;
    NETLET_MEMBER_INLINE void operator()(const Forward<float>& w, const float* x, int64_t first, int64_t columns,
                                         Init<float> init) const {
        rounded_product(w, a.lanes, x, w.u_pitch, w.U, first ? a.panels_n : a.panels, w.z() + first, w.z_pitch, columns,
                        init);
    }
};

struct BackProduct {
    const MixedRnnBwdArgs& a;
    NETLET_MEMBER_INLINE void operator()(const Back<float>& w, int64_t first, int64_t K, float* to, bool add) const {
        rounded_product(w, a.lanes, w.z() + first, w.z_pitch, K, first ? a.panels_n : a.panels, to, w.u_pitch, w.U,
                        {add ? to : nullptr, w.u_pitch});
    }
};

template <template <class, bool, class> class Cell>
static void forward(const MixedRnnArgs& a, Range r, RnnKind kind) {
    const Activation act = a.steps.n.act, rec = a.steps.n.rec;
    const bool standard = is_standard(kind, act, rec);
    for (int64_t unit = r.begin; unit < r.end; ++unit)
        if (standard)
            run_steps_forward(a.steps, unit, Cell<float, true, ForwardProduct>{{act, rec}, {a}});
        else
            run_steps_forward(a.steps, unit, Cell<float, false, ForwardProduct>{{act, rec}, {a}});
}

template <template <class, bool, class> class Cell>
static void back(const MixedRnnBwdArgs& a, Range r, RnnKind kind) {
    const Activation act = a.steps.n.act, rec = a.steps.n.rec;
    const bool standard = is_standard(kind, act, rec);
    for (int64_t unit = r.begin; unit < r.end; ++unit)
        if (standard)
            run_steps_back(a.steps, unit, Cell<float, true, BackProduct>{{act, rec}, {a}});
        else
            run_steps_back(a.steps, unit, Cell<float, false, BackProduct>{{act, rec}, {a}});
}

}  // namespace

#define NETLET_MIXED_RNN(name, Name)                                                                                   \
    NETLET_DEFINE_KERNEL(mixed_##name##_fwd, MixedRnnArgs) { forward<Name##Forward>(a, r, RnnKind::name); }            \
    NETLET_DEFINE_KERNEL(mixed_##name##_bwd, MixedRnnBwdArgs) { back<Name##Back>(a, r, RnnKind::name); }
NETLET_MIXED_RNN(simple_rnn, Simple)
NETLET_MIXED_RNN(lstm, Lstm)
NETLET_MIXED_RNN(gru, Gru)
NETLET_MIXED_RNN(gru_reset_before, GruBefore)

}  // namespace netlet::NETLET_ISA
