// Which kernel a product takes and how it is cut: the one place where that is decided, from shapes and the instruction set alone.
#pragma once
#include <cstdint>

namespace netlet::ops {

struct GemmChoice {
    enum class Path {
        direct,   // one record, operands read where they lie
        packed,   // b is packed first, by a record of its own
        slice_k,  // a long sum into few elements, cut into slices that a second record adds up
        stream,   // few rows: along the rows of b, where b is large in slices as well
        dot,      // few rows: along the rows of a transposed b
    } path;
    int64_t mb, nb;  // rows and columns of one unit of work
    int64_t kb;      // terms of one slice; 0: not cut into slices
};

// With few rows there are kernels that add up the terms in an order of their own where an operand is transposed. Whether
// a product of such a shape may be one of those: then its bits depend on how the operands lie.
bool order_depends_on_layout(int64_t M, int64_t N);

// a_transposed, b_transposed: as in gemm_args.h. items: how many products of this shape one record makes;
// element_bytes: 4 or 8; b_prepacked: packing b costs nothing, for the plan keeps it;
// vector_bytes: of the instruction set that will run.
GemmChoice choose_gemm(int64_t M, int64_t N, int64_t K, bool a_transposed, bool b_transposed, int64_t items,
                       int64_t element_bytes, bool b_prepacked, int vector_bytes);

// The same for products of low-precision numbers, which always read panels: direct (panels on the stack, anew for each block of
// rows) or packed.
GemmChoice choose_low_precision_gemm(int64_t M, int64_t N, int64_t K, bool b_transposed, int64_t items,
                                     bool b_prepacked);

}  // namespace netlet::ops
