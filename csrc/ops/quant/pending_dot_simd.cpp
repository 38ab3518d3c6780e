// Kernels that kernels.def lists and that are not written yet. Who writes one deletes its line here.
#include "dispatch/kernel_table.h"

#define NETLET_PENDING(name, ...)                                                                                      \
    template <class> void name(const void* args, Range r);                                                             \
    template <> void name<__VA_ARGS__>(const void*, Range) {}

namespace netlet::NETLET_ISA {
NETLET_PENDING(mixed_simple_rnn_fwd, MixedRnnArgs)
NETLET_PENDING(mixed_simple_rnn_bwd, MixedRnnBwdArgs)
NETLET_PENDING(mixed_lstm_fwd, MixedRnnArgs)
NETLET_PENDING(mixed_lstm_bwd, MixedRnnBwdArgs)
NETLET_PENDING(mixed_gru_fwd, MixedRnnArgs)
NETLET_PENDING(mixed_gru_bwd, MixedRnnBwdArgs)
NETLET_PENDING(mixed_gru_reset_before_fwd, MixedRnnArgs)
NETLET_PENDING(mixed_gru_reset_before_bwd, MixedRnnBwdArgs)
}  // namespace netlet::NETLET_ISA
