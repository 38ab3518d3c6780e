// The kernels of recurrent layers of codes: the cells of the float kernels with another product.
#include "dispatch/kernel.h"
#include "ops/rnn/codes_product.h"
#include "ops/rnn/gru_cell.h"
#include "ops/rnn/lstm_cell.h"
#include "ops/rnn/simple_rnn_cell.h"

namespace netlet::NETLET_ISA {

namespace {

template <template <class, bool, class> class Cell>
static void quantized_forward(const QuantizedRnnArgs& a, Range r, RnnKind kind) {
    const Activation act = a.steps.n.act, rec = a.steps.n.rec;
    const bool standard = is_standard(kind, act, rec);
    for (int64_t unit = r.begin; unit < r.end; ++unit)
        if (standard)
            run_steps_forward(a.steps, unit, Cell<float, true, CodesProduct>{{act, rec}, {a}});
        else
            run_steps_forward(a.steps, unit, Cell<float, false, CodesProduct>{{act, rec}, {a}});
}

}  // namespace

NETLET_DEFINE_KERNEL(quantized_simple_rnn, QuantizedRnnArgs) {
    quantized_forward<SimpleForward>(a, r, RnnKind::simple_rnn);
}
NETLET_DEFINE_KERNEL(quantized_lstm, QuantizedRnnArgs) { quantized_forward<LstmForward>(a, r, RnnKind::lstm); }
NETLET_DEFINE_KERNEL(quantized_gru, QuantizedRnnArgs) { quantized_forward<GruForward>(a, r, RnnKind::gru); }
NETLET_DEFINE_KERNEL(quantized_gru_reset_before, QuantizedRnnArgs) {
    quantized_forward<GruBeforeForward>(a, r, RnnKind::gru_reset_before);
}

}  // namespace netlet::NETLET_ISA
