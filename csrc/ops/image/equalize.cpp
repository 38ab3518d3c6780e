#include "ops/image/equalize.h"

#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/image/equalize_args.h"

namespace netlet::ops {

namespace {

// A batch of fewer images has too few work units for the threads if each unit is an image.
constexpr int64_t few_images = 8;

void check(const char* name, const Tensor& x) {
    check_floating(name, x);
    if (x->shape.rank() != 4)
        throw ValueError(std::string(name) + ": expected images of shape (N, H, W, C), received " + x->shape.str());
}

struct Equalization {
    Tiles tiles;
    int64_t bins;
    bool limited;
    double clip_limit;
};

Shape tables_of(const Tiles& t, int64_t images, int64_t bins) { return {images, t.GH, t.GW, t.C, bins}; }

Tensor emit(Tape& tape, const Tensor& x, const Equalization& e) {
    const Tiles& t = e.tiles;
    const int64_t N = x->shape[0], pixels = t.TH * t.TW;
    // Counts and bins are numbers of the images' dtype, which are exact up to here.
    if (x->dtype == DType::f32 && std::max(pixels, e.bins) > (1 << 24))
        throw ValueError("equalize: expected at most 2^24 pixels and bins for float32, received images of shape " +
                         x->shape.str() + " and " + std::to_string(e.bins) + " bins; use float64");
    Tensor y = tape.empty(x->shape, x->dtype);
    if (!x->size()) return y;
    with_float(x->dtype, [&]<class T>(T) {
        if (e.limited && tape.device().is_cpu() && N >= few_images) {
            const int64_t grain = std::max<int64_t>(1, N / 16);
            const int64_t table = tables_of(t, 1, e.bins).size();
            Tensor scratch = tape.empty({ceil_div(N, grain), table + t.H * t.W * t.C}, x->dtype);
            EqualizeImagesArgs<T> args{nullptr, nullptr, nullptr, t, (T)e.clip_limit, grain};
            tape.emit(NETLET_KERNEL_FOR(equalize_images, x->dtype), args,
                      {in(args.x, x), out(args.scratch, scratch), out(args.y, y)}, {N, grain});
            return;
        }
        // The formulas of Keras, whose bins of the histogram and of the lookup round differently.
        const T top = (T)(e.bins - 1);
        const BinOf<T> counted{top, T(255), T(1), e.bins}, looked{T(1), T(255), top, e.bins};
        Tensor tables = tape.empty(tables_of(t, N, e.bins), x->dtype);
        EqualizeTablesArgs<T> count{nullptr, nullptr, t, counted, e.limited, (T)e.clip_limit};
        tape.emit(NETLET_KERNEL_FOR(equalize_tables, x->dtype), count, {in(count.x, x), out(count.tables, tables)},
                  {N * t.GH * t.GW, grain_for(4096, t.C * (pixels + e.bins))});
        EqualizeLookupArgs<T> lookup{nullptr, nullptr, nullptr, t, looked, e.limited};
        tape.emit(NETLET_KERNEL_FOR(equalize_lookup, x->dtype), lookup,
                  {in(lookup.x, x), in(lookup.tables, tables), out(lookup.y, y)},
                  {N * t.H, grain_for(2048, t.W * t.C)});
    });
    return y;
}

}  // namespace

Tensor equalize(Tape& tape, const Tensor& x, int64_t bins) {
    check("equalize", x);
    if (bins < 1) throw ValueError("equalize: expected at least 1 bin, received " + std::to_string(bins));
    const int64_t H = x->shape[1], W = x->shape[2];
    return emit(tape, x, {{H, W, x->shape[3], 1, 1, H, W}, bins, false, 0});
}

Tensor equalize_tiles(Tape& tape, const Tensor& x, double clip_limit, int64_t GH, int64_t GW) {
    check("equalize_tiles", x);
    if (GH < 1 || GW < 1)
        throw ValueError("equalize_tiles: expected a grid of at least one tile, received (" + std::to_string(GH) +
                         ", " + std::to_string(GW) + ")");
    const int64_t H = x->shape[1], W = x->shape[2];
    if (!x->size()) return tape.empty(x->shape, x->dtype);
    const int64_t TH = (H - 1) / GH + 1, TW = (W - 1) / GW + 1;  // rounded up, without overflow for any grid
    return emit(tape, x, {{H, W, x->shape[3], GH, GW, TH, TW}, 256, true, clip_limit});
}

}  // namespace netlet::ops
