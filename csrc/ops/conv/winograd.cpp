#include "ops/conv/winograd.h"

#include <algorithm>
#include <atomic>

#include "dispatch/dispatch.h"
#include "ops/conv/conv_products.h"
#include "ops/conv/mixed_winograd_args.h"
#include "ops/gemm/gemm.h"

namespace netlet::ops {

namespace {

std::atomic<bool> exact{false};

int64_t tiles_of(int m, int64_t batch, int64_t height, int64_t width) {
    return batch * ceil_div(height, m) * ceil_div(width, m);
}

// A power of two, so that two, four or eight threads finish together.
int64_t lanes_for(int64_t tiles, int64_t block, int64_t most) {
    int64_t lanes = 1;
    while (lanes < most && lanes * 2 * block <= tiles) lanes *= 2;
    return lanes;
}

Tensor scratch(Tape& tape, int m, int64_t units, int64_t block, int64_t C, int64_t O, DType dtype) {
    return tape.empty({units, winograd_scratch(m, block, C, O)}, dtype);
}

bool fits_stack(int m, int64_t C, int64_t O, DType dtype) {
    return winograd_fits_stack(m, winograd_least_block(m), C, O, (int64_t)size_of(dtype));
}

bool is_bf16(const Tensor& x) { return x->dtype == DType::bf16; }

double flops_of(int m, int64_t tiles, int64_t C, int64_t O) {
    return 2.0 * winograd_points_of(m) * (double)tiles * (double)(C * O);
}

}  // namespace

bool winograd_pays(const ConvGeometry& g) {
    for (int i = 0; i < conv_axes; ++i)
        if (g.stride[i] != 1 || g.dilation[i] != 1 || g.kernel[i] != (i ? 3 : 1)) return false;
    const int64_t tiles = tiles_of(2, g.batch, g.out[1], g.out[2]);
    // With fewer channels the transforms dominate. The more channels, the more memory the transformed taps have, and the
    // more tiles must make up for reading them: beyond 256 x 256 channels they do not fit the caches.
    const int64_t pairs = g.C * g.O, fewest = pairs > 256 * 256 ? 1024 : pairs > 128 * 128 ? 128 : 16;
    return g.groups == 1 && g.in[0] == 1 && g.out[0] == 1 && g.C >= 16 && g.O >= 16 && tiles >= fewest;
}

void keep_convolutions_exact(bool on) { exact.store(on, std::memory_order_relaxed); }
bool convolutions_are_exact() { return exact.load(std::memory_order_relaxed); }

namespace {

// The m of F(m x m, 3x3). m = 4 pays if it saves enough products, in spite of the parts of tiles that lie outside the
// image, and if there are enough tiles to make up for 36 instead of 16 transformed numbers for each tap. Beyond 128 x 128
// channels those exceed the L2 cache so far that it must save more (bench/lab/winograd, Zen 3).
int tile_size(int64_t batch, const ConvAxis& h, const ConvAxis& w, int64_t C, int64_t O, DType dtype) {
    if (dtype != DType::f32 || convolutions_are_exact()) return 2;
    const int64_t pairs = C * O, tiles = tiles_of(4, batch, h.grid, w.grid);
    const double part = flops_of(4, tiles, C, O) / flops_of(2, tiles_of(2, batch, h.grid, w.grid), C, O);
    const int64_t fewest = pairs > 256 * 256 ? 256 : pairs > 64 * 64 ? 32 : 8;
    return part <= (pairs > 128 * 128 ? 0.6 : 0.85) && tiles >= fewest ? 4 : 2;
}

void emit_product(Tape& tape, int m, const WinogradArgs& product, const Tensor& x, const Tensor& packed,
                  const Tensor& bias, const Grad& y) {
    WinogradArgs args = product;
    const DType dtype = x->dtype;
    const int64_t columns = ceil_div(args.O, conv_panel_group) * conv_panel_group;
    Tensor u = tape.empty({winograd_points_of(m), columns, args.C}, dtype);
    WinogradPackArgs pack{nullptr, nullptr, args.C, columns};
    const auto pack_kernel = m == 4 ? kernel(KernelId::winograd_4x4_pack_f32) : NETLET_KERNEL_FOR(winograd_pack, dtype);
    tape.emit(pack_kernel, pack, {in(pack.packed, packed), out(pack.u, u)},
              {columns / conv_panel_group, grain_for(128, args.C), 0, true});
    // Few lanes are cut along the output channels, too. Each unit then transforms the pixels by itself.
    const double flops = flops_of(m, tiles_of(m, args.batch, args.h.grid, args.w.grid), args.C, args.O);
    const int64_t groups = columns / conv_panel_group, wanted = std::min<int64_t>(chunks_for(flops), 8);
    const int64_t blocks = std::clamp<int64_t>(wanted / args.lanes, 1, std::min<int64_t>(groups, 4));
    args.nb = ceil_div(groups, blocks) * conv_panel_group;
    const int64_t units = args.lanes * ceil_div(args.O, args.nb);
    const Tensor room = fits_stack(m, args.C, args.nb, dtype)
                            ? nullptr
                            : scratch(tape, m, units, winograd_block_of(m), args.C, args.nb, dtype);
    // Whether a lane holds the tiles of whole images, or of an equal part of one.
    const bool apart = args.batch % args.lanes == 0 || args.lanes % args.batch == 0;
    tape.emit(m == 4 ? kernel(KernelId::winograd_4x4_f32) : NETLET_KERNEL_FOR(winograd, dtype), args,
              {by_row(in(args.x, x)), in(args.u, u), in_if(args.bias, bias), by_row(into(args.y, args.accumulate, y)),
               by_row(out_if(args.scratch, room))},
              with_rows({units, 1, flops}, apart ? std::min(args.lanes, args.batch) : 0));
}

void emit_mixed_product(Tape& tape, const WinogradArgs& product, const Tensor& x, const Tensor& packed,
                        const Tensor& bias, const Grad& y) {
    MixedWinogradArgs args{product, is_bf16(x), is_bf16(y.tensor)};
    const int64_t columns = ceil_div(args.O, conv_panel_group) * conv_panel_group;
    Tensor u = tape.empty({winograd_points, columns, (args.C + 1) / 2}, DType::i32);
    MixedWinogradPackArgs pack{{nullptr, nullptr, args.C, columns}};
    tape.emit(kernel(KernelId::mixed_winograd_pack), pack, {in(pack.packed, packed), out(pack.u, u)},
              {columns / conv_panel_group, grain_for(128, args.C), 0, true});
    Tensor room = tape.empty({args.lanes, winograd_points, winograd_pixels_plane(args.C) + winograd_sums_plane(args.O)},
                             DType::i32);
    tape.emit(kernel(KernelId::mixed_winograd), args,
              {in(args.x, x), in(args.u, u), in_if(args.bias, bias), into(args.y, args.accumulate, y),
               out(args.scratch, room)},
              {args.lanes, 1, flops_of(2, tiles_of(2, args.batch, args.h.grid, args.w.grid), args.C, args.O)});
}

// du (lanes, points, C, O) of a float32 or float64 x and dy.
void emit_gradient_product(Tape& tape, WinogradKernelGradArgs& args, const Tensor& x, const Tensor& dy,
                           const Tensor& du, double flops) {
    Tensor room = scratch(tape, 2, args.lanes, winograd_grad_block, args.C, args.O, x->dtype);
    tape.emit(NETLET_KERNEL_FOR(winograd_kernel_grad, x->dtype), args,
              {in(args.x, x), in(args.dy, dy), out(args.du, du), out(args.scratch, room)}, {args.lanes, 1, flops});
}

void emit_mixed_gradient_product(Tape& tape, const WinogradKernelGradArgs& product, const Tensor& x, const Tensor& dy,
                                 const Tensor& du, double flops) {
    MixedWinogradKernelGradArgs args{product, is_bf16(x), is_bf16(dy)};
    constexpr int64_t pairs = mixed_winograd_grad_block / 2;
    Tensor room = tape.empty(
        {args.lanes, winograd_points, mixed_winograd_plane(pairs, args.C) + mixed_winograd_plane(pairs, args.O)},
        DType::i32);
    tape.emit(kernel(KernelId::mixed_winograd_kernel_grad), args,
              {in(args.x, x), in(args.dy, dy), out(args.du, du), out(args.scratch, room)}, {args.lanes, 1, flops});
}

}  // namespace

void emit_winograd(Tape& tape, int64_t batch, const ConvAxis& h, const ConvAxis& w, int64_t C, int64_t O,
                   const Tensor& x, const Tensor& packed, const Tensor& bias, const Grad& y, Activation act,
                   double alpha, bool mixed) {
    const int m = mixed ? 2 : tile_size(batch, h, w, C, O, x->dtype);
    const int64_t tiles = tiles_of(m, batch, h.grid, w.grid);
    WinogradArgs args{};
    args.h = h;
    args.w = w;
    args.batch = batch;
    args.C = C;
    args.O = O;
    // More lanes balance better on many threads. Each lane with scratch memory of its own needs more of the caches.
    const bool stack = !mixed && fits_stack(m, C, O, x->dtype);
    args.lanes = lanes_for(tiles, stack ? winograd_least_block(m) : winograd_block_of(m), stack ? 64 : 16);
    args.act = act;
    args.alpha = alpha;
    mixed ? emit_mixed_product(tape, args, x, packed, bias, y) : emit_product(tape, m, args, x, packed, bias, y);
}

void emit_winograd_kernel_gradient(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                                   const Grad& dw) {
    const DType dtype = dw.tensor->dtype;
    const bool mixed = is_bf16(x) || is_bf16(dy);
    const int64_t tiles = tiles_of(2, g.batch, g.out[1], g.out[2]);
    WinogradKernelGradArgs args{};
    args.h = forward_axis(g, 1);
    args.w = forward_axis(g, 2);
    args.batch = g.batch;
    args.C = g.C;
    args.O = g.O;
    args.lanes = lanes_for(tiles, mixed ? mixed_winograd_grad_block : winograd_grad_block, g.C * g.O > 64 * 64 ? 4 : 8);
    Tensor du = tape.empty({args.lanes, winograd_points * g.C, g.O}, dtype);
    const double flops = flops_of(2, tiles, g.C, g.O);
    mixed ? emit_mixed_gradient_product(tape, args, x, dy, du, flops)
          : emit_gradient_product(tape, args, x, dy, du, flops);
    if (args.lanes > 1) {
        Tensor sum = tape.empty({winograd_points * g.C, g.O}, dtype);
        emit_slice_sum(tape, du, {sum, false});
        du = sum;
    }
    WinogradUnpackArgs unpack{nullptr, nullptr, g.C, g.O, false};
    tape.emit(NETLET_KERNEL_FOR(winograd_unpack, dtype), unpack,
              {in(unpack.du, du), into(unpack.dw, unpack.accumulate, dw)}, {g.C, grain_for(2048, g.O), 0});
}

}  // namespace netlet::ops
