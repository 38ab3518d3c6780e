// The products of conv_tile_cuda.h: conv_gather with the kernel as it lies in memory, (taps, C, groups * O);
// conv_unpacked_rows with the kernel (taps, O, groups * C) (the gradient with regard to x, and conv_transpose);
// conv_kernel_grad, whose slices are runs of `slice` pixels.
// The scalar loaders (VA, VB of 1) serve channels that are no whole pieces of 16 bytes, as in images of three channels.
#include "ops/conv/conv_tile_cuda.h"

namespace netlet::cuda {

namespace {

using Wide128 = ConvTile<2, 4, 8, 8>;   // 128 x 128 by 256 threads
using Half128 = ConvTile<2, 2, 8, 8>;   // 128 x 64 by 128
using Slim128 = ConvTile<2, 2, 8, 4>;   // 128 x 32 by 128
using Square64 = ConvTile<1, 4, 8, 4>;  // 64 x 64 by 128

template <class T, class Tile, bool RowsArePixels, int VA, int VB, bool TermsFastest>
void launch_tile(Stream& s, ConvProduct<T> p, int64_t slices) {
    p.row_tiles = (int)(((RowsArePixels ? p.pixels : p.tap_channels) + Tile::rows - 1) / Tile::rows);
    p.column_tiles = (int)((p.N + Tile::columns - 1) / Tile::columns);
    launch<conv_product<T, Tile, RowsArePixels, VA, VB, TermsFastest>, Tile::threads,
           sizeof(T) == 8 ? 3 : Tile::blocks>(s, dim3((unsigned)(p.row_tiles * p.column_tiles * p.groups * slices)),
                                              ConvMemory<T, Tile, RowsArePixels>::bytes, p);
}

// The time of a product relative to others: waves of blocks over the device, by the size of the tile and the part of
// the peak that a tile reaches (reads of shared memory per FMA; an estimate, not measured).
template <class Tile>
double cost_of(const Stream& s, int64_t M, int64_t N, int64_t others, double efficiency) {
    const int64_t blocks = ((M + Tile::rows - 1) / Tile::rows) * ((N + Tile::columns - 1) / Tile::columns) * others;
    const int64_t waves = (blocks + s.multiprocessors - 1) / s.multiprocessors;
    return (double)waves * Tile::rows * Tile::columns / efficiency;
}

template <class T, bool RowsArePixels, int VA, int VB, bool TermsFastest>
void launch_best(Stream& s, const ConvProduct<T>& p, int64_t slices) {
    if constexpr (sizeof(T) == 8)
        return launch_tile<T, Square64, RowsArePixels, VA, VB, TermsFastest>(s, p, slices);
    else {
        const int64_t M = RowsArePixels ? p.pixels : p.tap_channels, others = p.groups * slices;
        const double square = cost_of<Square64>(s, M, p.N, others, 0.8),
                     slim = cost_of<Slim128>(s, M, p.N, others, 0.75), half = cost_of<Half128>(s, M, p.N, others, 0.9),
                     wide = cost_of<Wide128>(s, M, p.N, others, 1);
        if (wide <= half && wide <= slim && wide <= square)
            launch_tile<T, Wide128, RowsArePixels, VA, VB, TermsFastest>(s, p, slices);
        else if (half <= slim && half <= square)
            launch_tile<T, Half128, RowsArePixels, VA, VB, TermsFastest>(s, p, slices);
        else if (slim <= square)
            launch_tile<T, Slim128, RowsArePixels, VA, VB, TermsFastest>(s, p, slices);
        else
            launch_tile<T, Square64, RowsArePixels, VA, VB, TermsFastest>(s, p, slices);
    }
}

template <class T, class Args>
ConvProduct<T> product_of(const Args& a) {
    ConvProduct<T> p{};
    p.x = static_cast<const T*>(a.x);
    p.pixels = a.batch;
    p.tap_channels = a.C;
    for (int i = 0; i < conv_axes; ++i) {
        p.axis[i] = a.axis[i];
        p.grid[i] = divisor(a.axis[i].grid);
        p.taps[i] = divisor(a.axis[i].taps > 0 ? a.axis[i].taps : 1);
        p.pixels *= a.axis[i].grid;
        p.tap_channels *= a.axis[i].taps;
    }
    p.channels = divisor(a.C > 0 ? a.C : 1);
    p.small_pixels = p.pixels < (int64_t)1 << 31;
    p.small_taps = p.tap_channels < (int64_t)1 << 31;
    p.groups = a.groups;
    p.C = a.C;
    p.N = a.O;
    p.tap_pitch = a.C * a.groups * a.O;
    p.channel_pitch = a.groups * a.O;
    p.group_pitch = a.O;
    p.column_pitch = 1;
    p.accumulate = a.accumulate;
    p.act = Activation::linear;
    return p;
}

template <class T>
constexpr int V = 16 / (int)sizeof(T);
template <class T>
bool is_wide(const T* p, int64_t columns) {
    return starts_a_piece<V<T>>(p) && columns % V<T> == 0;
}

template <class T, bool TermsFastest>
void conv(Stream& s, const ConvArgs& a) {
    ConvProduct<T> p = product_of<T>(a);
    p.b = static_cast<const T*>(a.w);
    p.bias = static_cast<const T*>(a.bias);
    p.c = static_cast<T*>(a.y);
    p.act = a.act;
    p.alpha = (T)a.alpha;
    const int64_t steps = (p.tap_channels + conv_terms - 1) / conv_terms, each = (steps + a.slices - 1) / a.slices;
    p.slice = each * conv_terms;
    p.slice_pitch = a.batch * a.axis[0].out * a.axis[1].out * a.axis[2].out * a.groups * a.O;
    if constexpr (TermsFastest) {
        p.channel_pitch = 1;
        p.group_pitch = a.C;
        p.column_pitch = (int)(a.groups * a.C);
        if (is_wide(p.x, a.C))
            launch_best<T, true, V<T>, 1, true>(s, p, a.slices);
        else
            launch_best<T, true, 1, 1, true>(s, p, a.slices);
    } else if (!is_wide(p.b, a.O))
        launch_best<T, true, 1, 1, false>(s, p, a.slices);
    else if (!is_wide(p.x, a.C))
        launch_best<T, true, 1, V<T>, false>(s, p, a.slices);
    else
        launch_best<T, true, V<T>, V<T>, false>(s, p, a.slices);
}

template <class T>
void kernel_grad(Stream& s, const ConvKernelGradArgs& a) {
    ConvProduct<T> p = product_of<T>(a);
    p.b = static_cast<const T*>(a.dy);
    p.c = static_cast<T*>(a.dw);
    p.slice = a.slice;
    p.slice_pitch = p.tap_channels * a.groups * a.O;
    const int64_t slices = (p.pixels + a.slice - 1) / a.slice;
    if (!is_wide(p.b, a.O))
        launch_best<T, false, 1, 1, false>(s, p, slices);
    else if (!is_wide(p.x, a.C))
        launch_best<T, false, 1, V<T>, false>(s, p, slices);
    else
        launch_best<T, false, V<T>, V<T>, false>(s, p, slices);
}

}  // namespace

NETLET_CUDA_KERNEL(conv_gather_f32, ConvArgs) { conv<float, false>(s, a); }
NETLET_CUDA_KERNEL(conv_gather_f64, ConvArgs) { conv<double, false>(s, a); }
NETLET_CUDA_KERNEL(conv_unpacked_rows_f32, ConvArgs) { conv<float, true>(s, a); }
NETLET_CUDA_KERNEL(conv_unpacked_rows_f64, ConvArgs) { conv<double, true>(s, a); }
NETLET_CUDA_KERNEL(conv_kernel_grad_f32, ConvKernelGradArgs) { kernel_grad<float>(s, a); }
NETLET_CUDA_KERNEL(conv_kernel_grad_f64, ConvKernelGradArgs) { kernel_grad<double>(s, a); }

}  // namespace netlet::cuda
