// Reading by position on a GPU: gather, gather_along, one_hot, flat_rows, check_index. A thread has an element of the
// result, so a warp writes adjacent numbers; gather moves 16 bytes at a time where rows allow it, and the index of a row
// is read once per row and warp from the L1 cache.
#include "base/dtype.h"
#include "cuda/reduce.h"
#include "ops/index/index_args.h"
#include "ops/index/read_index_cuda.h"

namespace netlet::cuda {

namespace {

struct alignas(16) Bytes16 {
    uint64_t low, high;
};

// `inner` counts Bits.
template <class Bits> __device__ void gather_as(GatherArgs a, int64_t inner, Bits missing) {
    const AxisLayout& s = a.layout;
    const int64_t n = s.outer * s.k * inner;
    const Bits* x = static_cast<const Bits*>(a.x);
    Bits* y = static_cast<Bits*>(a.y);
    for (int64_t i = first_index(); i < n; i += all_threads()) {
        const Quotient unit = divide(i, inner), outer = divide(unit.quotient, s.k);
        const int64_t row = wrap_index(index_at(a.index, a.index_dtype, outer.rest), s.n);
        y[i] = row < 0 ? missing : x[(outer.quotient * s.n + row) * inner + unit.rest];
    }
}

// The bits that a position out of range reads.
uint64_t missing_bits(DType t) {
    switch (t) {
        case DType::f32: return 0x7fc00000u;
        case DType::f64: return 0x7ff8000000000000u;
        case DType::f16: return 0x7e00;
        case DType::bf16: return 0x7fc0;
        default: return 0;
    }
}

template <class Bits> void launch_gather(const GatherArgs& a, int64_t inner, Bits missing, const Stream& s) {
    launch<gather_as<Bits>>(s, blocks_for(s, a.layout.outer * a.layout.k * inner), 0, a, inner, missing);
}

template <class Bits> __device__ void gather_along_as(GatherAlongArgs a, Bits missing, int64_t n) {
    const AxisLayout& s = a.layout;
    const Bits* x = static_cast<const Bits*>(a.x);
    Bits* y = static_cast<Bits*>(a.y);
    for (int64_t at = first_index(); at < n; at += all_threads()) {
        const Quotient row = divide(at, s.inner);
        const int64_t from = wrap_index(index_at(a.index, a.index_dtype, at), s.n), outer = row.quotient / s.k;
        y[at] = from >= 0 ? x[(outer * s.n + from) * s.inner + row.rest] : missing;
    }
}

template <class Bits> __device__ void one_hot_as(OneHotArgs a, int64_t n) {
    Bits* y = static_cast<Bits*>(a.y);
    for (int64_t i = first_index(); i < n; i += all_threads()) {
        const Quotient row = divide(i, a.inner), outer = divide(row.quotient, a.n);
        const int64_t hot = index_at(a.index, a.index_dtype, outer.quotient * a.inner + row.rest);
        y[i] = hot == outer.rest ? (Bits)a.one : Bits(0);
    }
}
template <class Bits> void launch_one_hot(const OneHotArgs& a, int64_t units, const Stream& s) {
    const int64_t n = units * a.n;
    if (n > 0) launch<one_hot_as<Bits>>(s, blocks_for(s, n), 0, a, n);
}

__device__ void flat_rows(FlatRowsArgs a, int64_t k) {
    for (int64_t i = first_index(); i < k; i += all_threads()) {
        int64_t row = 0;
#pragma unroll  // so that the sizes are not copied to local memory
        for (int32_t d = 0; d < scatter_max_depth; ++d) {
            if (d >= a.depth || row < 0) break;
            const int64_t position = index_at(a.index, a.index_dtype, i * a.depth + d);
            const int64_t at = position < 0 && !a.from_end ? -1 : wrap_index(position, a.extent[d]);
            row = at < 0 ? -1 : row * a.extent[d] + at;
        }
        a.row[i] = row < 0 ? a.rows : row;
    }
}

constexpr int check_threads = 512;

__device__ void check_index(CheckIndexArgs a) {
    int64_t first = INT64_MAX;
    for (int64_t i = threadIdx.x; i < a.k && first == INT64_MAX; i += check_threads) {
        const int64_t at = index_at(a.index, a.index_dtype, i);
        if (at < 0 || at >= a.n) first = i;
    }
    first = reduce_block<check_threads>(first, shared_array<int64_t>(0, check_threads / warp), Smaller());
    if (threadIdx.x > 0) return;
    const bool bad = first != INT64_MAX;
    *a.flag = bad;
    a.found[0] = bad ? first : -1;
    a.found[1] = bad ? index_at(a.index, a.index_dtype, first) : 0;
    a.found[2] = a.n;
}

}  // namespace

NETLET_CUDA_KERNEL(gather, GatherArgs) {
    const int bytes = (int)size_of(a.dtype);
    const int64_t inner = a.layout.inner * bytes;
    const uint64_t missing = missing_bits(a.dtype), start = (uint64_t)a.x | (uint64_t)a.y | (uint64_t)inner;
    const uint64_t words = missing * (bytes == 8 ? 1 : bytes == 4 ? 0x100000001u : 0x1000100010001u);
    if (start % 16 == 0) return launch_gather<Bytes16>(a, inner / 16, {words, words}, s);
    if (bytes == 8) return launch_gather<uint64_t>(a, inner / 8, missing, s);
    if (bytes == 4) return launch_gather<uint32_t>(a, inner / 4, (uint32_t)missing, s);
    if (bytes == 2) return launch_gather<uint16_t>(a, inner / 2, (uint16_t)missing, s);
    launch_gather<uint8_t>(a, inner, 0, s);
}

NETLET_CUDA_KERNEL(gather_along, GatherAlongArgs) {
    const unsigned blocks = blocks_for(s, units);
    switch (a.dtype) {
        case DType::f32: return launch<gather_along_as<uint32_t>>(s, blocks, 0, a, (uint32_t)0x7fc00000u, units);
        case DType::f64:
            return launch<gather_along_as<uint64_t>>(s, blocks, 0, a, (uint64_t)0x7ff8000000000000u, units);
        case DType::i32: return launch<gather_along_as<uint32_t>>(s, blocks, 0, a, (uint32_t)0, units);
        case DType::i64: return launch<gather_along_as<uint64_t>>(s, blocks, 0, a, (uint64_t)0, units);
        default: return launch<gather_along_as<uint8_t>>(s, blocks, 0, a, (uint8_t)0, units);
    }
}

NETLET_CUDA_KERNEL(one_hot, OneHotArgs) {
    switch (a.bytes) {
        case 1: return launch_one_hot<uint8_t>(a, units, s);
        case 2: return launch_one_hot<uint16_t>(a, units, s);
        case 4: return launch_one_hot<uint32_t>(a, units, s);
        default: return launch_one_hot<uint64_t>(a, units, s);
    }
}

NETLET_CUDA_KERNEL(flat_rows, FlatRowsArgs) { launch<flat_rows>(s, blocks_for(s, units), 0, a, units); }
NETLET_CUDA_KERNEL(check_index, CheckIndexArgs) {
    launch<check_index, check_threads>(s, 1, check_threads / warp * sizeof(int64_t), a);
}

}  // namespace netlet::cuda
