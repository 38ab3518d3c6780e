// The format of float32 and float64 products (gemm_blocks.h). Nothing is converted.
#pragma once
#include "ops/gemm/epilogue.h"
#include "ops/gemm/gemm_blocks.h"
#include "simd/gemm_pack.h"

namespace netlet::NETLET_ISA {

template <class T>
struct Floats : Plain<T> {
    using Product = Plain<T>;
    using A = T;
    using B = T;
    static constexpr int64_t group = 1;
    static constexpr int64_t kc = (sizeof(Vec<T>) == 32 ? 1024 : 1536) / sizeof(T);  // AVX2: room for a panel, too
    static NETLET_MEMBER_INLINE void pack_a(T* dst, int64_t ld, const T* a, int64_t lda, bool transposed, int64_t rows,
                                            int64_t K) {
        if (transposed)
            pack_rows(dst, ld, a, lda, rows, K);
        else
            pack_transposed(dst, ld, a, lda, rows, K);
    }
    static NETLET_MEMBER_INLINE void pack_b(T* dst, int64_t ld, const T* b, int64_t ldb, bool transposed,
                                            int64_t columns, int64_t K) {
        pack_a(dst, ld, b, ldb, !transposed, columns, K);
    }
    static NETLET_MEMBER_INLINE int64_t header(int64_t) { return 0; }
    static NETLET_MEMBER_INLINE const T* begin(const GemmArgs& g, int64_t j) {
        return g.bias ? static_cast<const T*>(g.bias) + j : nullptr;
    }
    static NETLET_MEMBER_INLINE void finish(const GemmArgs& g, T* c, int64_t rows, int64_t columns) {
        epilogue(g.act, g.alpha, c, g.ldc, rows, columns);
    }
};

}  // namespace netlet::NETLET_ISA
