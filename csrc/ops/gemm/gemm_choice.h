// Chooses the kernel and the blocks of a product, from its shapes and the instruction set alone.
#pragma once
#include <cstdint>

namespace netlet::ops {

struct GemmChoice {
    enum class Path {
        direct,   // one record, operands read in place
        packed,   // b is packed first, by a record of its own
        slice_k,  // a long sum into few elements, cut into slices that a second record adds up
        stream,   // few rows: reads b row by row; a large b in slices
        dot,      // few rows: reads a transposed b row by row
    } path;
    int64_t mb, nb;  // rows and columns of one unit of work
    int64_t kb;      // terms of one slice; 0: not cut into slices
};

// Whether a product of this shape may take a skinny kernel, which sums its terms in another order if an operand is
// transposed. Then its bits depend on the operands' layout.
bool order_depends_on_layout(int64_t M, int64_t N);

// a_transposed, b_transposed: as in gemm_args.h. items: how many products of this shape one record makes;
// element_bytes: 4 or 8; b_prepacked: packing b costs nothing, since the plan caches it;
// vector_bytes: of the instruction set that will run.
GemmChoice choose_gemm(int64_t M, int64_t N, int64_t K, bool a_transposed, bool b_transposed, int64_t items,
                       int64_t element_bytes, bool b_prepacked, int vector_bytes);

// The same for low-precision products, which always read panels: `direct` packs them on the stack for each block of
// rows.
GemmChoice choose_low_precision_gemm(int64_t M, int64_t N, int64_t K, bool b_transposed, int64_t items,
                                     bool b_prepacked);

// The same for bfloat16 products of operands that may be float32 in memory. slice_k: slices of whole pairs of terms.
GemmChoice choose_mixed_gemm(int64_t M, int64_t N, int64_t K, bool b_transposed, int64_t items, bool b_prepacked);

// The same for a GPU, where a unit of work is a thread block: mb is the rows of its tile (128, 64 or 32, and 64 at
// most for 8-byte elements), or M for a skinny kernel (which `direct` and
// `slice_k` contain). summed: products that are added up in each item.
GemmChoice choose_gpu_gemm(int64_t M, int64_t N, int64_t K, bool a_transposed, bool b_transposed, int64_t items,
                           int64_t summed, int64_t element_bytes);
// Whether a float32 product with this choice runs on tensor cores if TF32 is allowed: those of the tiles do. Skinny
// kernels are bound by reading b, and slices hold long sums, so both stay float32.
bool gpu_choice_may_use_tf32(const GemmChoice& choice);
GemmChoice choose_gpu_low_precision_gemm(int64_t M, int64_t N, int64_t items);

// The setting of the process, false at first: float32 products that are emitted from now on may use TF32 on a GPU.
// Records that exist keep the arguments they have.
void allow_tf32(bool allowed);
bool is_tf32_allowed();

}  // namespace netlet::ops
