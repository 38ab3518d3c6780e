// Emits the records of a product. gemm_choice.cpp chooses the kernel and the blocks.
#include "ops/gemm/gemm.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/gemm/gemm_choice.h"
#include "ops/gemm/mixed_gemm_args.h"

namespace netlet::ops {

namespace {

// The elements of x from this one on.
Tensor at(Tape& tape, const Tensor& x, int64_t first) {
    return first ? tape.view(x, {x->size() - first}, first * (int64_t)size_of(x->dtype)) : x;
}

// A column c = op(a) b, with b and c contiguous, is computed as the row c^T = b^T op(a)^T by the skinny kernels. Of
// these only gemm_dot, which takes a transposed b, supports the column's single bias.
bool is_column(const Gemm& g) {
    const bool dot = !g.a_transposed && g.K > 1;
    return g.N == 1 && g.M > 1 && g.items * g.summed == 1 && g.ldb == 0 && (dot || !g.bias);
}

Gemm as_row(Gemm g) {
    std::swap(g.a, g.b);
    std::swap(g.a_offset, g.b_offset);
    g.N = g.M;
    g.M = 1;
    g.b_transposed = !g.a_transposed;
    g.a_transposed = false;
    g.ldb = g.lda;
    g.lda = 0;
    return g;
}

// A sum over an empty batch is a product with K = 0: its initial value still has to be written.
Gemm without_terms(Gemm g) {
    g.K = g.batch_rank = 0;
    g.summed = 1;
    return g;
}

GemmArgs arguments(const Gemm& g) {
    GemmArgs args{};
    args.M = g.M;
    args.N = g.N;
    args.K = g.K;
    args.lda = g.lda ? g.lda : g.a_transposed ? g.M : g.K;
    args.ldb = g.ldb ? g.ldb : g.b_transposed ? g.K : g.N;
    args.ldc = g.N;
    args.bias_step = !g.bias || g.bias->size() == g.N;
    args.a_transposed = g.a_transposed;
    // A single column, and a single term, have the same layout transposed or not.
    args.b_transposed = g.b_transposed && g.N > 1 && !(g.K == 1 && args.ldb == 1);
    if (g.b_transposed && g.N == 1) args.ldb = 1;
    if (g.b_transposed && g.N > 1 && !args.b_transposed) args.ldb = g.N;
    args.accumulate = g.accumulate;
    args.act = g.act;
    args.alpha = g.alpha;
    args.batch_rank = g.batch_rank;
    args.summed = g.summed;
    std::copy_n(g.batch_dims, gemm_max_batch_rank, args.batch_dims);
    std::copy_n(g.a_step, gemm_max_batch_rank, args.a_step);
    std::copy_n(g.b_step, gemm_max_batch_rank, args.b_step);
    return args;
}

template <class Args>
void emit_product(Tape& tape, const KernelOf<Args>& kernel, Args& args, const Gemm& g, const Tensor& b, const Tensor& c,
                  int64_t items, int64_t rows = 0) {
    const Tensor a = at(tape, g.a, g.a_offset);
    tape.emit(kernel, args,
              {by_row(in(args.a, a)), in(args.b, b), in_if(args.bias, g.bias),
               by_row(into(args.c, args.accumulate, {c, args.accumulate}))},
              with_rows({items * ceil_div(g.M, args.mb) * ceil_div(g.N, args.nb), 1,
                         2.0 * (double)g.M * (double)g.N * (double)g.K * (double)(g.items * g.summed)},
                        rows));
}

// The kernels that every format has.
struct Kernels {
    KernelIdOf<GemmArgs> direct;
    KernelIdOf<GemmPackArgs> pack_b;
    KernelIdOf<GemmArgs> packed;
};
Kernels kernels_for(DType a, DType b) {
    using K = KernelId;
    if (b == DType::f64) return {K::gemm_direct_f64, K::gemm_pack_b_f64, K::gemm_packed_f64};
    if (b == DType::f32) return {K::gemm_direct_f32, K::gemm_pack_b_f32, K::gemm_packed_f32};
    if (b == DType::bf16) return {K::gemm_direct_bf16, K::gemm_pack_b_bf16, K::gemm_packed_bf16};
    return {a == DType::u8 ? K::gemm_direct_u8s8 : K::gemm_direct_s8s8, K::gemm_pack_b_s8,
            a == DType::u8 ? K::gemm_packed_u8s8 : K::gemm_packed_s8s8};
}

bool is_low_precision(DType t) { return size_of(t) < 4; }

// Memory for all columns of b in panels. Low-precision numbers are packed into lanes of 4 bytes that hold two or four
// terms; the size is that for two.
Tensor room_for_panels(Tape& tape, const GemmArgs& args, DType b) {
    const int64_t columns = ceil_div(args.N, gemm_panel_group) * gemm_panel_group;
    if (!is_low_precision(b)) return tape.empty({columns * args.K}, b);
    const int64_t header = b == DType::i8 ? gemm_packed_header(args.N) : 0;
    return tape.empty({header + columns * ceil_div(args.K, 2)}, DType::i32);
}

// Describes b for a packing kernel. Padding is zero too, so that share_prepacked sees what is the same.
void describe_b(GemmPackArgs& pack, const GemmArgs& args) {
    pack.N = args.N;
    pack.K = args.K;
    pack.ldb = args.ldb;
    pack.transposed = args.b_transposed;
}

// Packs all columns of b into panels for gemm_packed.
Tensor pack_b(Tape& tape, const KernelOf<GemmPackArgs>& kernel, const GemmArgs& args, const Tensor& b) {
    const int64_t groups = ceil_div(args.N, gemm_panel_group);
    Tensor packed = room_for_panels(tape, args, b->dtype);
    GemmPackArgs pack{};
    describe_b(pack, args);
    const int64_t grain = grain_for(65536, gemm_panel_group * args.K);
    tape.emit(kernel, pack, {in(pack.b, b), out(pack.packed, packed)}, {groups, grain, 0, true});
    return packed;
}

Tensor pack_mixed(Tape& tape, const MixedGemmArgs& args, const Tensor& b) {
    const int64_t groups = ceil_div(args.N, gemm_panel_group);
    Tensor packed = room_for_panels(tape, args, DType::bf16);
    MixedGemmPackArgs pack{};
    describe_b(pack, args);
    pack.b_is_bf16 = b->dtype == DType::bf16;
    tape.emit(kernel(KernelId::mixed_gemm_pack_b), pack, {in(pack.b, b), out(pack.packed, packed)},
              {groups, grain_for(65536, gemm_panel_group * args.K), 0, true});
    return packed;
}

// c = act(bias + the sum of slices), or c += it.
void sum_slices(Tape& tape, const Tensor& slices, const Tensor& bias, const Grad& c, Activation act, double alpha) {
    const int64_t count = slices->shape[0], N = slices->shape.back(),
                  M = slices->size() / std::max<int64_t>(count * N, 1);
    GemmSlicesArgs args{nullptr, nullptr, nullptr, M, N, count, false, act, alpha};
    tape.emit(NETLET_KERNEL_FOR(gemm_sum_slices, c.tensor->dtype), args,
              {in(args.slices, slices), in_if(args.bias, bias), into(args.c, args.accumulate, c)},
              {M, grain_for(16384, count * N), (double)slices->size()});
}

// The kernel and the blocks. A GPU reads every b in place.
GemmChoice choose(Tape& tape, const Gemm& g, const GemmArgs& args) {
    const auto bytes = (int64_t)size_of(g.c->dtype);
    if (is_low_precision(g.b->dtype)) {
        if (tape.on_gpu()) return choose_gpu_low_precision_gemm(g.M, g.N, g.items);
        return choose_low_precision_gemm(g.M, g.N, g.K, args.b_transposed, g.items, tape.prepacks(g.b));
    }
    if (tape.on_gpu())
        return choose_gpu_gemm(g.M, g.N, g.K, g.a_transposed, args.b_transposed, g.items, g.summed, bytes);
    return choose_gemm(g.M, g.N, g.K, g.a_transposed, args.b_transposed, g.items * g.summed, bytes, tape.prepacks(g.b),
                       vector_bytes());
}

// Computes slices of K into results of their own and adds these up.
void emit_slices(Tape& tape, const KernelOf<GemmArgs>& kernel, GemmArgs& args, const Gemm& g, const Tensor& b,
                 const Tensor& c) {
    if (args.kb == 0) return emit_product(tape, kernel, args, g, b, c, 1);
    const int64_t count = ceil_div(g.K, args.kb);
    Tensor slices = tape.empty({count, g.M, g.N}, c->dtype);
    Gemm part = g;
    part.bias = nullptr;
    args.accumulate = false;
    args.act = Activation::linear;
    emit_product(tape, kernel, args, part, b, slices, count);
    sum_slices(tape, slices, g.bias, {c, g.accumulate}, g.act, g.alpha);
}

// Sums over batch axes as slices: the summed axes come first, so that each slice is one product of all items.
Gemm with_summed_axes_as_items(Gemm g) {
    int first = g.batch_rank;
    for (int64_t rest = g.summed; rest > 1; rest /= g.batch_dims[--first]) {
    }
    for (int64_t* of : {g.batch_dims, g.a_step, g.b_step}) std::rotate(of, of + first, of + g.batch_rank);
    g.items *= g.summed;
    g.summed = 1;
    return g;
}

void emit_mixed_slices(Tape& tape, const Gemm& g) {
    Gemm parts = with_summed_axes_as_items(g);
    parts.c = tape.empty({g.summed, g.items * g.M, g.N}, DType::f32);
    parts.c_offset = 0;
    parts.accumulate = false;
    emit_mixed_gemm(tape, parts);
    emit_slice_sum(tape, parts.c, {at(tape, g.c, g.c_offset), g.accumulate});
}

// A product whose sums are float32 in memory before they are rounded.
void emit_rounded(Tape& tape, Gemm g) {
    const Tensor c = g.c;
    g.c = tape.empty(c->shape, DType::f32);
    emit_mixed_gemm(tape, g);
    assign(tape, g.c, c);
}

}  // namespace

Tensor pack_for_tiles(Tape& tape, const Tensor& b, int64_t offset, int64_t N, int64_t K, int64_t ldb, bool transposed) {
    GemmArgs args{};
    args.N = N;
    args.K = K;
    args.ldb = ldb;
    args.b_transposed = transposed;
    return pack_b(tape, kernel(kernels_for(b->dtype, b->dtype).pack_b), args, at(tape, b, offset));
}

Tensor pack_for_mixed_tiles(Tape& tape, const Tensor& b, int64_t offset, int64_t N, int64_t K, int64_t ldb,
                            bool transposed) {
    MixedGemmArgs args{};
    args.N = N;
    args.K = K;
    args.ldb = ldb;
    args.b_transposed = transposed;
    return pack_mixed(tape, args, at(tape, b, offset));
}

void emit_slice_sum(Tape& tape, const Tensor& slices, const Grad& c, const Tensor& bias, Activation act, double alpha) {
    sum_slices(tape, slices, bias, c, act, alpha);
}

void emit_gemm(Tape& tape, const Gemm& g) {
    const DType dtype = g.c->dtype;
    if (g.M * g.N * g.items == 0) return;
    if (g.summed == 0) return emit_gemm(tape, without_terms(g));
    const bool low_precision = is_low_precision(g.b->dtype);
    if (!low_precision && is_column(g)) return emit_gemm(tape, as_row(g));
    GemmArgs args = arguments(g);
    if (low_precision && g.N == 1 &&
        args.ldb == 1) {  // a column is a contiguous row of the transpose, which packs faster
        args.b_transposed = true;
        args.ldb = g.K;
    }
    const GemmChoice choice = choose(tape, g, args);
    const Kernels kernels = kernels_for(g.a->dtype, g.b->dtype);
    args.mb = choice.mb;
    args.nb = choice.nb;
    args.kb = choice.kb;
    args.tf32 =
        tape.on_gpu() && dtype == DType::f32 && !low_precision && is_tf32_allowed() && gpu_choice_may_use_tf32(choice);
    const Tensor b = at(tape, g.b, g.b_offset), c = at(tape, g.c, g.c_offset);
    // Blocks of rows that do not cross those of the batch. Units count them slowest, but for a packed product with N > M.
    const bool apart = g.rows > 0 && g.M > g.rows && g.M % g.rows == 0 && g.M >= g.N && g.items == 1 && !g.a_transposed;
    const RowBlocks blocks = apart ? row_blocks(g.rows, g.M / g.rows, args.mb) : RowBlocks{args.mb, 0};
    switch (choice.path) {
        case GemmChoice::Path::direct:
            args.mb = blocks.block;
            return emit_product(tape, kernel(kernels.direct), args, g, b, c, g.items, blocks.rows);
        case GemmChoice::Path::dot: return emit_product(tape, NETLET_KERNEL_FOR(gemm_dot, dtype), args, g, b, c, 1);
        case GemmChoice::Path::packed: {
            const Tensor panels = g.panels && *g.panels ? *g.panels : pack_b(tape, kernel(kernels.pack_b), args, b);
            if (g.panels) *g.panels = panels;
            args.mb = blocks.block;
            return emit_product(tape, kernel(kernels.packed), args, g, panels, c, 1, blocks.rows);
        }
        case GemmChoice::Path::stream: return emit_slices(tape, NETLET_KERNEL_FOR(gemm_stream, dtype), args, g, b, c);
        case GemmChoice::Path::slice_k: return emit_slices(tape, NETLET_KERNEL_FOR(gemm_slice_k, dtype), args, g, b, c);
    }
}

void emit_mixed_gemm(Tape& tape, const Gemm& g) {
    if (g.M * g.N * g.items == 0) return;
    if (g.summed == 0) return emit_mixed_gemm(tape, without_terms(g));
    if (g.summed > 1) return emit_mixed_slices(tape, g);
    MixedGemmArgs args{arguments(g), g.a->dtype == DType::bf16, g.b->dtype == DType::bf16, g.c->dtype == DType::bf16};
    const GemmChoice choice = choose_mixed_gemm(g.M, g.N, g.K, args.b_transposed, g.items, tape.prepacks(g.b));
    const bool direct = choice.path == GemmChoice::Path::direct;
    if (args.c_is_bf16 && choice.path != GemmChoice::Path::packed) return emit_rounded(tape, g);
    args.mb = choice.mb;
    args.nb = choice.nb;
    args.kb = choice.kb;
    const Tensor b = at(tape, g.b, g.b_offset), c = at(tape, g.c, g.c_offset);
    if (direct) return emit_product(tape, kernel(KernelId::mixed_gemm_direct), args, g, b, c, g.items);
    if (choice.path == GemmChoice::Path::slice_k) {
        const int64_t count = ceil_div(g.K, args.kb);
        const Tensor slices = tape.empty({count, g.M, g.N}, DType::f32);
        Gemm part = g;
        part.bias = nullptr;
        part.accumulate = args.accumulate = false;
        args.act = Activation::linear;
        emit_product(tape, kernel(KernelId::mixed_gemm_direct), args, part, b, slices, count);
        return sum_slices(tape, slices, g.bias, {c, g.accumulate}, g.act, g.alpha);
    }
    const Tensor panels = g.panels && *g.panels ? *g.panels : pack_mixed(tape, args, b);
    if (g.panels) *g.panels = panels;
    emit_product(tape, kernel(KernelId::mixed_gemm_packed), args, g, panels, c, 1);
}

}  // namespace netlet::ops
