// Convolution on a GPU as a matrix product whose left operand is gathered from the images (implicit GEMM).
//
//     c[m, n] = sum over k of a[m, k] * b[k, n]
//     y:  m = pixel of y,          k = (tap, channel of x),  a = x,  b = w           (conv_args.h; dx: from dy, by phases)
//     dw: m = (tap, channel of x), k = pixel of y,           a = x,  b = dy
//
// A pixel and a (tap, channel) each have a Place. The offset of a[m, k] in x is the sum of their offsets, and it is 0
// unless the sum of their positions is inside the image. So one loader serves all directions, and the divisions that a
// place needs are done once per row of a tile and once per term, not per element.
//
// A block computes a tile of c; a thread TM x TN of its elements, from tiles of 16 terms that cp.async copies to shared
// memory two tiles ahead (three stages, one barrier a tile). Each sum is one chain of fused multiply-adds in the order
// of k, whatever the tile: bits depend on neither the tile nor the grid. 8 x 8 elements a thread take 64 FMA for 4
// reads of 16 bytes; lanes are laid out so that lanes 2i and 2i+1 read the same part of a, lanes i and i+2 of b: then a
// read of 16 bytes a lane takes two passes of shared memory, not four.
#pragma once
#include "cuda/nest.h"
#include "cuda/shared.h"
#include "ops/conv/conv_args.h"
#include "ops/conv/conv_write_cuda.h"

namespace netlet::cuda {

// A block of WarpsM x WarpsN warps; a warp has 8 x 4 lanes, a lane TM x TN elements.
template <int WarpsM, int WarpsN, int TileM, int TileN>
struct ConvTile {
    static constexpr int TM = TileM, TN = TileN, warps_n = WarpsN, threads = warp * WarpsM * WarpsN;
    static constexpr int blocks = 512 / threads;  // on a multiprocessor, with 128 registers a thread
    static constexpr int rows = WarpsM * 8 * TM, columns = WarpsN * 4 * TN;
};

constexpr int conv_terms = 16;  // of a stage
constexpr int conv_stages = 3;
constexpr int conv_places = 128;  // terms whose places are computed together, by 128 threads
constexpr int conv_pad = 4;  // elements between rows in shared memory: spreads columns over the banks, keeps 16 bytes

// Where a pixel or a (tap, channel) is: its offset in x, its offset in the other array (y or dy for a pixel, w or dw for
// a tap), and its position along each axis of x. What does not exist has position `nowhere` along one axis (pixels and
// taps along different ones, so that the sum does not overflow), and no `other`.
struct alignas(16) Place {
    int64_t offset, other;
    int32_t d, h, w, unused;
};
constexpr int32_t nowhere = INT32_MIN;

// The product of one convolution; the division of its indices.
template <class T>
struct ConvProduct {
    const T *x, *b, *bias;
    T* c;
    ConvAxis axis[conv_axes];
    Divisor grid[conv_axes], taps[conv_axes], channels;
    bool small_pixels, small_taps;
    int64_t pixels, tap_channels;                   // the numbers of them: M and K, or K and M
    int64_t groups, C, N;                           // C: channels of x, N: columns of c, both in one group
    int64_t tap_pitch, channel_pitch, group_pitch;  // in the array that has taps; between its columns: column_pitch
    int column_pitch;
    int64_t slice, slice_pitch;  // terms of a slice; between the results of two slices in c
    int row_tiles, column_tiles;
    bool accumulate;
    Activation act;
    T alpha;
};

template <class T>
__device__ inline Place place_of_pixel(const ConvProduct<T>& p, int64_t i, int group) {
    if (i >= p.pixels) return {0, -1, 0, 0, nowhere, 0};
    const ConvAxis &D = p.axis[0], &H = p.axis[1], &W = p.axis[2];
    int64_t row = divide(i, p.grid[2], p.small_pixels);
    const int64_t qw = i - row * W.grid, plane = divide(row, p.grid[1], p.small_pixels);
    const int64_t qh = row - plane * H.grid, n = divide(plane, p.grid[0], p.small_pixels), qd = plane - n * D.grid;
    const int64_t d = qd * D.step + D.first, h = qh * H.step + H.first, w = qw * W.step + W.first;
    const int64_t od = qd * D.out_step + D.out_first, oh = qh * H.out_step + H.out_first,
                  ow = qw * W.out_step + W.out_first;
    return {(((n * D.in + d) * H.in + h) * W.in + w) * (p.groups * p.C) + group * p.C,
            (((n * D.out + od) * H.out + oh) * W.out + ow) * (p.groups * p.N) + group * p.N,
            (int32_t)d,
            (int32_t)h,
            (int32_t)w,
            0};
}

template <class T>
__device__ inline Place place_of_tap(const ConvProduct<T>& p, int64_t i, int group) {
    if (i >= p.tap_channels) return {0, -1, 0, nowhere, 0, 0};
    const ConvAxis &D = p.axis[0], &H = p.axis[1], &W = p.axis[2];
    const int64_t tap = divide(i, p.channels, p.small_taps), c = i - tap * p.C;
    const int64_t row = divide(tap, p.taps[2], p.small_taps), tw = tap - row * W.taps;
    const int64_t td = divide(row, p.taps[1], p.small_taps), th = row - td * H.taps;
    const int64_t d = td * D.tap_step, h = th * H.tap_step, w = tw * W.tap_step;
    const int64_t number =
        ((D.tap + td * D.tap_stride) * H.kernel + H.tap + th * H.tap_stride) * W.kernel + W.tap + tw * W.tap_stride;
    return {((d * H.in + h) * W.in + w) * (p.groups * p.C) + c,
            number * p.tap_pitch + c * p.channel_pitch + group * p.group_pitch,
            (int32_t)d,
            (int32_t)h,
            (int32_t)w,
            0};
}

template <class T>
__device__ inline bool inside(const ConvProduct<T>& p, const Place& a, const Place& b) {
    return ((uint32_t)a.d + (uint32_t)b.d < (uint32_t)p.axis[0].in) &
           ((uint32_t)a.h + (uint32_t)b.h < (uint32_t)p.axis[1].in) &
           ((uint32_t)a.w + (uint32_t)b.w < (uint32_t)p.axis[2].in);
}

// Copies V elements to shared memory: 16 or 4 bytes asynchronously, 8 at once. If not `valid`, it reads nothing (`from`
// may point anywhere) and writes zeros.
template <int V, class T>
__device__ inline void copy_in(Shared<T> to, const T* from, bool valid) {
    if constexpr (V * sizeof(T) == 16)
        copy_async16(to, from, valid);
    else if constexpr (V * sizeof(T) == 4)
        copy_async4(to, from, valid);
    else
        to[0] = valid ? from[0] : T(0);
}

__device__ inline void read_quad(Shared<const float> p, float (&v)[4]) {
    const float4 q = load4(p);
    v[0] = q.x, v[1] = q.y, v[2] = q.z, v[3] = q.w;
}
__device__ inline void read_quad(Shared<const double> p, double (&v)[4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) v[i] = p[i];
}

// The memory of a block. Rows of pixels lie in shared memory as they lie in x, terms fastest ([rows][terms]); rows of
// taps [terms][rows].
template <class T, class Tile, bool RowsArePixels>
struct ConvMemory {
    static constexpr int a_pitch = RowsArePixels ? conv_terms + conv_pad : Tile::rows + conv_pad;
    static constexpr int a_size = RowsArePixels ? Tile::rows * a_pitch : conv_terms * a_pitch;
    static constexpr int b_pitch = Tile::columns + conv_pad, b_size = conv_terms * b_pitch;
    static constexpr int stage = a_size + b_size;
    static constexpr int places = conv_stages * stage * (int)sizeof(T);
    static constexpr int bytes = places + (Tile::rows + 2 * conv_places) * (int)sizeof(Place);
};

// Starts the copies of one stage. VA, VB: elements of a copy. TermsFastest: b lies in memory with terms fastest.
template <class Tile, bool RowsArePixels, int VA, int VB, bool TermsFastest, class T>
__device__ inline void load_stage(const ConvProduct<T>& p, Shared<T> a, Shared<T> b, Shared<const Place> rows,
                                  Shared<const Place> terms, int column) {
    using Memory = ConvMemory<T, Tile, RowsArePixels>;
    const int t = (int)threadIdx.x;
    if constexpr (RowsArePixels) {
        constexpr int across = conv_terms / VA, step = Tile::threads / across;
        const int k = t % across * VA, first = t / across;
        const Place term = terms[k];
#pragma unroll
        for (int i = 0; i < Tile::rows / step; ++i) {
            const int m = first + i * step;
            const Place row = rows[m];
            const bool valid = inside(p, row, term);
            copy_in<VA, T>(a + (m * Memory::a_pitch + k), p.x + (row.offset + term.offset), valid);
        }
    } else {
        constexpr int across = Tile::rows / VA, step = Tile::threads / across;
        const int m = t % across * VA, first = t / across;
        const Place row = rows[m];
#pragma unroll
        for (int i = 0; i < conv_terms / step; ++i) {
            const int k = first + i * step;
            const Place term = terms[k];
            const bool valid = inside(p, row, term);
            copy_in<VA, T>(a + (k * Memory::a_pitch + m), p.x + (row.offset + term.offset), valid);
        }
    }
    if constexpr (TermsFastest) {
        constexpr int step = Tile::threads / conv_terms;
        const int k = t % conv_terms, first = t / conv_terms;
        const int64_t other = terms[k].other;
#pragma unroll
        for (int i = 0; i < Tile::columns / step; ++i) {
            const int n = first + i * step;
            const bool valid = other >= 0 && column + n < p.N;
            copy_in<1, T>(b + (k * Memory::b_pitch + n), p.b + (other + (int64_t)(column + n) * p.column_pitch), valid);
        }
    } else {
        constexpr int across = Tile::columns / VB, step = Tile::threads / across;
        const int n = t % across * VB, first = t / across;
        static_assert(conv_terms % step == 0);
#pragma unroll
        for (int i = 0; i < conv_terms / step; ++i) {
            const int k = first + i * step;
            const int64_t other = terms[k].other;
            const bool valid = other >= 0 && column + n < p.N;
            copy_in<VB, T>(b + (k * Memory::b_pitch + n), p.b + (other + column + n), valid);
        }
    }
}

// Row i and column j of those that a lane computes. Rows of pixels are 8 apart and read terms by four; rows of taps and
// columns come in quads.
template <bool RowsArePixels>
__device__ inline int conv_row(int lane_m, int i) {
    return RowsArePixels ? i * 8 + lane_m : i / 4 * 32 + lane_m * 4 + i % 4;
}
__device__ inline int conv_column(int lane_n, int j) { return j / 4 * 16 + lane_n * 4 + j % 4; }

// sum += the products of one stage. a, b: at the first row and column of the warp.
template <class Tile, bool RowsArePixels, class T>
__device__ inline void multiply_stage(T (&sum)[Tile::TM][Tile::TN], Shared<const T> a, Shared<const T> b, int lane_m,
                                      int lane_n) {
    using Memory = ConvMemory<T, Tile, RowsArePixels>;
    constexpr int TM = Tile::TM, TN = Tile::TN;
    if constexpr (RowsArePixels) {
        // More unrolling makes the compiler load too far ahead: it would need more than 128 registers.
#pragma unroll(TN == 8 ? 1 : 2)
        for (int k = 0; k < conv_terms; k += 2, a += 2, b += 2 * Memory::b_pitch) {
            T left[TM][2];
#pragma unroll
            for (int i = 0; i < TM; ++i) {
                const int at = conv_row<RowsArePixels>(lane_m, i) * Memory::a_pitch;
                left[i][0] = a[at];
                left[i][1] = a[at + 1];
            }
#pragma unroll
            for (int q = 0; q < 2; ++q) {
                T right[TN / 4][4];
#pragma unroll
                for (int j = 0; j < TN; j += 4)
                    read_quad(b + (q * Memory::b_pitch + conv_column(lane_n, j)), right[j / 4]);
#pragma unroll
                for (int i = 0; i < TM; ++i)
#pragma unroll
                    for (int j = 0; j < TN; ++j)
                        sum[i][j] = gpu::multiply_add(left[i][q], right[j / 4][j % 4], sum[i][j]);
            }
        }
    } else {
#pragma unroll 2
        for (int k = 0; k < conv_terms; ++k, a += Memory::a_pitch, b += Memory::b_pitch) {
            T left[TM / 4][4], right[TN / 4][4];
#pragma unroll
            for (int i = 0; i < TM; i += 4) read_quad(a + conv_row<RowsArePixels>(lane_m, i), left[i / 4]);
#pragma unroll
            for (int j = 0; j < TN; j += 4) read_quad(b + conv_column(lane_n, j), right[j / 4]);
#pragma unroll
            for (int i = 0; i < TM; ++i)
#pragma unroll
                for (int j = 0; j < TN; ++j)
                    sum[i][j] = gpu::multiply_add(left[i / 4][i % 4], right[j / 4][j % 4], sum[i][j]);
        }
    }
}

template <class T, class Tile, bool RowsArePixels, int VA, int VB, bool TermsFastest>
__device__ void conv_product(ConvProduct<T> p) {
    using Memory = ConvMemory<T, Tile, RowsArePixels>;
    constexpr int TM = Tile::TM, TN = Tile::TN;
    const int t = (int)threadIdx.x, lane = t % warp, warp_m = t / warp / Tile::warps_n,
              warp_n = t / warp % Tile::warps_n;
    const int lane_n = (lane & 1) | (lane >> 2 & 2), lane_m = (lane >> 1 & 3) | (lane >> 2 & 4);
    int block = (int)blockIdx.x;  // columns fastest: neighbours read the same rows
    const int column = block % p.column_tiles * Tile::columns;
    block /= p.column_tiles;
    const int64_t first_row = (int64_t)(block % p.row_tiles) * Tile::rows;
    block /= p.row_tiles;
    const int group = block % (int)p.groups, slice = block / (int)p.groups;
    const int64_t all_terms = RowsArePixels ? p.tap_channels : p.pixels;
    const int64_t left = all_terms - slice * p.slice, mine = left < p.slice ? left : p.slice;  // terms of this slice
    const int tiles = mine <= 0 ? 0 : (int)((mine + conv_terms - 1) / conv_terms);

    const auto memory = shared_array<T>(0, conv_stages * Memory::stage);
    const auto rows = shared_array<Place>(Memory::places, Tile::rows);
    const auto terms = shared_array<Place>(Memory::places + Tile::rows * (int)sizeof(Place), 2 * conv_places);
    const auto place_terms = [&](int first) {
        if (t >= conv_places) return;
        const int64_t all = RowsArePixels ? p.tap_channels : p.pixels;
        int64_t i = first + t;
        i = i < p.slice ? slice * p.slice + i : all;  // past the end there is nothing
        terms[(first + t) % (2 * conv_places)] =
            RowsArePixels ? place_of_tap(p, i, group) : place_of_pixel(p, i, group);
    };
    for (int i = t; i < Tile::rows; i += Tile::threads)
        rows[i] = RowsArePixels ? place_of_pixel(p, first_row + i, group) : place_of_tap(p, first_row + i, group);
    place_terms(0);
    __syncthreads();

    const auto load = [&](int stage, int tile) {
        const Shared<T> a = memory + stage * Memory::stage;
        load_stage<Tile, RowsArePixels, VA, VB, TermsFastest>(
            p, a, a + Memory::a_size, Shared<const Place>(rows),
            Shared<const Place>(terms + tile * conv_terms % (2 * conv_places)), column);
        copy_async_commit();
    };
    load(0, 0);
    load(1, 1);

    T sum[TM][TN] = {};
    int stage = 0;
    for (int tile = 0; tile < tiles; ++tile) {
        copy_async_wait<1>();
        __syncthreads();  // this stage has arrived, and all threads have left the one before
        load(stage == 0 ? 2 : stage - 1, tile + 2);
        // The places of tiles 8i to 8i + 7 replace those of tiles up to 8i - 9, and are read from the next barriers on.
        if (tile % (conv_places / conv_terms) == 4) place_terms((tile + 4) * conv_terms);
        const Shared<const T> a = memory + stage * Memory::stage;
        const int first = RowsArePixels ? warp_m * 8 * TM * Memory::a_pitch : warp_m * 8 * TM;
        multiply_stage<Tile, RowsArePixels, T>(sum, a + first, a + (Memory::a_size + warp_n * 4 * TN), lane_m, lane_n);
        stage = stage == conv_stages - 1 ? 0 : stage + 1;
    }
    copy_async_wait<0>();

    const Shared<const Place> placed = rows;
    const bool wide = p.N % 4 == 0 && starts_a_piece<4>(p.c);
    T* const c = p.c + slice * p.slice_pitch;
    const int first_column = column + warp_n * 4 * TN, first_bias = group * (int)p.N;
#pragma unroll
    for (int i = 0; i < TM; ++i) {
        const int64_t other = placed[warp_m * 8 * TM + conv_row<RowsArePixels>(lane_m, i)].other;
        if (other < 0) continue;
#pragma unroll
        for (int j = 0; j < TN; j += 4) {
            const int n = first_column + conv_column(lane_n, j);
            Piece<T, 4> v;
#pragma unroll
            for (int q = 0; q < 4; ++q) v.at[q] = sum[i][j + q];
            if (n < p.N) write_sum(p, c + other + n, v, (int)p.N - n, first_bias + n, wide);
        }
    }
    if (is_cheap(p.act)) return;
#pragma unroll 1
    for (int i = 0; i < TM; ++i) {
        const int64_t other = placed[warp_m * 8 * TM + conv_row<RowsArePixels>(lane_m, i)].other;
        if (other < 0) continue;
#pragma unroll 1
        for (int j = 0; j < TN; ++j) {
            const int n = first_column + conv_column(lane_n, j);
            if (n < p.N) activate_written(p, c + other + n);
        }
    }
}

}  // namespace netlet::cuda
