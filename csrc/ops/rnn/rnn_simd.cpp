// The kernels of recurrent layers. Each cell is compiled for Keras's default activations and for all others.
#include "dispatch/kernel.h"
#include "ops/rnn/gru_cell.h"
#include "ops/rnn/lstm_cell.h"
#include "ops/rnn/simple_rnn_cell.h"

namespace netlet::NETLET_ISA {

namespace {

template <class T, template <class, bool, class> class Cell>
static void forward(const RnnArgs<T>& a, Range r, bool standard) {
    for (int64_t unit = r.begin; unit < r.end; ++unit)
        if (standard)
            run_steps_forward(a, unit, Cell<T, true, FloatProduct<T>>{{a.n.act, a.n.rec}, {}});
        else
            run_steps_forward(a, unit, Cell<T, false, FloatProduct<T>>{{a.n.act, a.n.rec}, {}});
}

template <class T, template <class, bool, class> class Cell>
static void back(const RnnBwdArgs<T>& a, Range r, bool standard) {
    for (int64_t unit = r.begin; unit < r.end; ++unit)
        if (standard)
            run_steps_back(a, unit, Cell<T, true, FloatBackProduct<T>>{{a.n.act, a.n.rec}, {}});
        else
            run_steps_back(a, unit, Cell<T, false, FloatBackProduct<T>>{{a.n.act, a.n.rec}, {}});
}

}  // namespace

#define NETLET_RNN_KERNELS(name, Name, T, suffix)                                                                      \
    NETLET_DEFINE_KERNEL(name##_fwd_##suffix, RnnArgs<T>) {                                                            \
        forward<T, Name##Forward>(a, r, is_standard(RnnKind::name, a.n.act, a.n.rec));                                 \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(name##_bwd_##suffix, RnnBwdArgs<T>) {                                                         \
        back<T, Name##Back>(a, r, is_standard(RnnKind::name, a.n.act, a.n.rec));                                       \
    }
#define NETLET_RNN_CELL(name, Name)                                                                                    \
    NETLET_RNN_KERNELS(name, Name, float, f32) NETLET_RNN_KERNELS(name, Name, double, f64)
NETLET_RNN_CELL(simple_rnn, Simple)
NETLET_RNN_CELL(lstm, Lstm)
NETLET_RNN_CELL(gru, Gru)
NETLET_RNN_CELL(gru_reset_before, GruBefore)

}  // namespace netlet::NETLET_ISA
