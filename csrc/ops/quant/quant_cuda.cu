// Linear quantization on a GPU. Ranges are minima and maxima, whose order does not matter, and quotients are rounded as
// on the CPU: the results are the CPU's.
//
// Lines (inner == 1) are reduced by teams of threads, columns (inner > 1) by blocks of 32 columns: 8 groups of lanes
// read a row each, and a column's range is joined in shared memory. Codes and their inverse are loops over elements, 4
// at a time where they are aligned.
#include "cuda/elements.h"
#include "cuda/rows.h"
#include "cuda/vec.h"
#include "ops/quant/quant_code.h"

namespace netlet::cuda {

namespace {

constexpr int threads = 256, tile_columns = 32, tile_groups = threads / tile_columns;

// The range of the elements added so far, and 0. Infinities do not count.
template <class T> struct Extent {
    T low = 0, high = 0;
    __device__ void add(T x, bool absolute) {
        const T a = x < 0 ? -x : x;
        if (a == (T)INFINITY) return;
        high = Larger{}(high, absolute ? a : x);
        if (!absolute) low = Smaller{}(low, x);
    }
};

template <class T> struct Encoder {
    T scale, zero, lowest, highest;
    __device__ Encoder(Quantizer kind, T scale, T zero)
        : scale(scale), zero(zero), lowest((T)gpu::lowest_code(kind)), highest((T)gpu::highest_code(kind)) {}
    __device__ uint8_t operator()(T x) const {
        const T c = (T)rint(x / scale) + zero;
        return c != c ? 0 : (uint8_t)(int32_t)(c < lowest ? lowest : c > highest ? highest : c);
    }
};

template <class T> __device__ inline void store_code(gpu::Code<T> code, T* scale, uint8_t* zero, int64_t at) {
    scale[at] = code.scale;
    if (zero) zero[at] = gpu::to_byte((double)code.zero);
}

__device__ inline int64_t quotient(int64_t a,
                                   int64_t b) {  // both positive; a division of 64 bits takes 100 instructions
    return (uint64_t)(a | b) >> 32 ? a / b : (int64_t)((uint32_t)a / (uint32_t)b);
}

// ---- one kernel: range, scale and codes ----

template <class Team, class T> __device__ void quantize_lines(QuantizeArgs<T> a, int64_t lines) {
    Team::each_row(lines, [&](int64_t line, bool mine) {
        const bool absolute = a.kind == Quantizer::absmax_i8;
        const T* x = a.x + line * a.n;
        Extent<T> e;
        Team::each(a.n, [&](int64_t j) { e.add(x[j], absolute); });
        const T high = Team::reduce(e.high, Larger{}), low = absolute ? T(0) : Team::reduce(e.low, Smaller{});
        const gpu::Code<T> code = gpu::code_of(a.kind, low, high);
        if (!mine) return;
        if (Team::lane() == 0) store_code(code, a.scale, a.zero, line);
        const Encoder<T> encode(a.kind, code.scale, code.zero);
        uint8_t* q = a.q + line * a.n;
        Team::each(a.n, [&](int64_t j) { q[j] = encode(x[j]); });
    });
}

template <class T> __device__ void quantize_columns(QuantizeArgs<T> a, unsigned tiles) {
    const int column = (int)threadIdx.x % tile_columns, group = (int)threadIdx.x / tile_columns;
    const int64_t outer = blockIdx.x / tiles, j = (int64_t)(blockIdx.x % tiles) * tile_columns + column;
    const int64_t first = outer * a.n * a.inner + j;
    const bool absolute = a.kind == Quantizer::absmax_i8;
    const Shared<T> low = shared_array<T>(0, threads), high = shared_array<T>(threads * sizeof(T), threads);
    Extent<T> e;
    if (j < a.inner) {
#pragma unroll 4
        for (int64_t k = group; k < a.n; k += tile_groups) e.add(a.x[first + k * a.inner], absolute);
    }
    low[threadIdx.x] = e.low;
    high[threadIdx.x] = e.high;
    __syncthreads();
    if (j >= a.inner) return;
    for (int g = 0; g < tile_groups; ++g) {
        e.low = Smaller{}(e.low, (T)low[g * tile_columns + column]);
        e.high = Larger{}(e.high, (T)high[g * tile_columns + column]);
    }
    const gpu::Code<T> code = gpu::code_of(a.kind, e.low, e.high);
    if (group == 0) store_code(code, a.scale, a.zero, outer * a.inner + j);
    const Encoder<T> encode(a.kind, code.scale, code.zero);
#pragma unroll 4
    for (int64_t k = group; k < a.n; k += tile_groups) a.q[first + k * a.inner] = encode(a.x[first + k * a.inner]);
}

template <class T> void launch_quantize(const QuantizeArgs<T>& a, int64_t units, Stream& s) {
    if (a.inner == 1)
        return with_team<threads>(a.n, [&]<class Team>(Team) {
            launch<quantize_lines<Team, T>>(s, blocks_for_rows(s, units, Team::rows), reduce_bytes<threads>, a, units);
        });
    const int64_t outer = units / ((a.inner + quantize_tile - 1) / quantize_tile);
    const auto tiles = (unsigned)((a.inner + tile_columns - 1) / tile_columns);
    launch<quantize_columns<T>>(s, dim3((unsigned)outer * tiles), 2 * threads * sizeof(T), a, tiles);
}

// ---- three kernels: range, scale, codes ----

template <class T> __device__ void quantize_range(QuantizeRangeArgs<T> a) {
    const int64_t piece = blockIdx.x % a.pieces, left = a.n - piece * quantize_piece;
    const int64_t size = left < quantize_piece ? left : quantize_piece;
    const T* x = a.x + blockIdx.x / a.pieces * a.n + piece * quantize_piece;
    Extent<T> e;
#pragma unroll 8
    for (int64_t i = threadIdx.x; i < size; i += threads) e.add(x[i], !a.low);
    const Shared<T> scratch = shared_array<T>(0, threads / warp);
    const T high = reduce_block<threads>(e.high, scratch, Larger{});
    const T low = a.low ? reduce_block<threads>(e.low, scratch, Smaller{}) : T(0);
    if (threadIdx.x) return;
    a.high[blockIdx.x] = high;
    if (a.low) a.low[blockIdx.x] = low;
}

template <class T> __device__ void quantize_scale(QuantizeScaleArgs<T> a) {  // a block is a line
    Extent<T> e;
    for (int64_t i = threadIdx.x; i < a.pieces; i += threads) {
        e.high = Larger{}(e.high, a.high[blockIdx.x * a.pieces + i]);
        if (a.low) e.low = Smaller{}(e.low, a.low[blockIdx.x * a.pieces + i]);
    }
    const Shared<T> scratch = shared_array<T>(0, threads / warp);
    const T high = reduce_block<threads>(e.high, scratch, Larger{}),
            low = reduce_block<threads>(e.low, scratch, Smaller{});
    if (threadIdx.x == 0) store_code(gpu::code_of(a.kind, low, high), a.scale, a.zero, blockIdx.x);
}

template <class T, int count> __device__ void quantize_codes(QuantizeCodesArgs<T> a, int64_t size) {
    for (int64_t i = first_index() * count; i < size; i += all_threads() * count) {
        // The index of the scale of element i, in (outer, inner).
        const int64_t row = quotient(i, a.inner), outer = quotient(row, a.n);
        const int64_t at = outer * a.inner + (i - row * a.inner);
        const Piece<T, count> x = load_piece<count>(a.x + i);
        Piece<uint8_t, count> q;
#pragma unroll
        for (int k = 0; k < count; ++k) {
            const int64_t scale = a.inner == 1 ? at : at + k;
            const Encoder<T> encode(a.kind, a.scale[scale],
                                    gpu::zero_at<T>(a.zero, scale, a.kind != Quantizer::zeropoint_u8));
            q.at[k] = encode(x.at[k]);
        }
        store_piece(a.q + i, q);
    }
}

// ---- dequantization ----

template <class T, int count> __device__ void dequantize(DequantizeArgs<T> a, int64_t size) {
    for (int64_t i = first_index() * count; i < size; i += all_threads() * count) {
        // The index of the scale of element i, in (outer, inner).
        const int64_t row = quotient(i, a.inner), outer = quotient(row, a.n);
        const int64_t at = outer * a.inner + (i - row * a.inner);
        const Piece<uint8_t, count> q = load_piece<count>(a.q + i);
        Piece<T, count> y;
#pragma unroll
        for (int k = 0; k < count; ++k) {
            const int64_t scale = a.inner == 1 ? at : at + k;
            const T code = a.is_signed ? (T)(int8_t)q.at[k] : (T)q.at[k];
            y.at[k] = (code - gpu::zero_at<T>(a.zero, scale, a.is_signed)) * a.scale[scale];
        }
        store_piece(a.y + i, y);
    }
}

constexpr int piece = 4;
template <class T> bool in_pieces(int64_t n, const T* x, const uint8_t* q) {
    return n % piece == 0 && (uintptr_t)x % (piece * sizeof(T)) == 0 && (uintptr_t)q % piece == 0;
}

template <class T> void launch_codes(const QuantizeCodesArgs<T>& a, int64_t units, Stream& s) {
    const int64_t size = a.inner > 1 ? units * a.inner : units / a.pieces * a.n;
    if (in_pieces(a.inner > 1 ? a.inner : a.n, a.x, a.q))
        launch<quantize_codes<T, piece>>(s, blocks_for(s, size / piece), 0, a, size);
    else
        launch<quantize_codes<T, 1>>(s, blocks_for(s, size), 0, a, size);
}

template <class T> void launch_dequantize(const DequantizeArgs<T>& a, int64_t units, Stream& s) {
    const int64_t size = a.inner > 1 ? units * a.inner : units / a.pieces * a.n;
    if (in_pieces(a.inner > 1 ? a.inner : a.n, a.y, a.q))
        launch<dequantize<T, piece>>(s, blocks_for(s, size / piece), 0, a, size);
    else
        launch<dequantize<T, 1>>(s, blocks_for(s, size), 0, a, size);
}

}  // namespace

#define NETLET_QUANT_KERNELS(suffix, T)                                                                                \
    NETLET_CUDA_KERNEL(quantize_##suffix, QuantizeArgs<T>) { launch_quantize(a, units, s); }                           \
    NETLET_CUDA_KERNEL(quantize_range_##suffix, QuantizeRangeArgs<T>) {                                                \
        launch<quantize_range<T>, threads>(s, dim3((unsigned)units), reduce_bytes<threads>, a);                        \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(quantize_scale_##suffix, QuantizeScaleArgs<T>) {                                                \
        launch<quantize_scale<T>, threads>(s, dim3((unsigned)units), reduce_bytes<threads>, a);                        \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(quantize_codes_##suffix, QuantizeCodesArgs<T>) { launch_codes(a, units, s); }                   \
    NETLET_CUDA_KERNEL(dequantize_##suffix, DequantizeArgs<T>) { launch_dequantize(a, units, s); }
NETLET_QUANT_KERNELS(f32, float)
NETLET_QUANT_KERNELS(f64, double)
#undef NETLET_QUANT_KERNELS

}  // namespace netlet::cuda
