// Histogram equalization in two kernels: a table of new values for each tile and channel, then the lookup.
// x, y (N, H, W, C); tables (N, GH, GW, C, bins): GH x GW tiles of TH x TW pixels cover the image, and pixels below and to
// the right of it are mirrored (symmetric padding). The bin of a value, clipped to [0, bins - 1] (NaN: 0), is
//
//   bin(v) = trunc(v * multiply / divide * scale)
//
// Equalization (Keras: layers.Equalization), with counts h, cdf[b] = h[0] + ... + h[b] and its first nonzero value m:
//
//   table[b] = round((cdf[b] - m) * 255 / max(TH TW - m, 1)), halves to even;   table[0] = NaN if only one bin is used
//
// CLAHE (Keras: layers.ContrastLimitedAdaptiveHistogramEqualization), with L = clip_limit * TH TW / bins, no limit if
// clip_limit is 0:
//
//   h'[b] = min(h[b], L) + sum(max(h - L, 0)) / bins;   table[b] = clip((cdf'[b] - cdf'[0]) * 255 / (TH TW - cdf'[0]))
//
// with 256 bins of multiply = divide = scale = 1. Bin b of such a table is stored at b % 16 * 16 + b / 16: sixteen sums of
// sixteen bins each then run side by side in vectors, where one sum would wait for each of its additions.
//
// Lookup: y = table[bin(x)] of the tile, interpolated linearly between the centres of the four nearest tiles; y = x where
// the table begins with NaN. No gradients: tables and lookups are constant almost everywhere.
#pragma once
#include "base/types.h"

namespace netlet {

template <class T>
struct BinOf {
    T multiply, divide, scale;
    int64_t bins;
};

struct Tiles {
    int64_t H, W, C, GH, GW, TH, TW;
};

// A work unit is a tile of an image.
template <class T>
struct EqualizeTablesArgs {
    const T* x;
    T* tables;
    Tiles tiles;
    BinOf<T> bin;  // of Equalization
    bool limited;  // CLAHE
    T clip_limit;
};

// A work unit is a row of an image.
template <class T>
struct EqualizeLookupArgs {
    const T *x, *tables;
    T* y;
    Tiles tiles;
    BinOf<T> bin;
    bool limited;
};

// CLAHE of a batch on the CPU: tables and lookup of an image one after the other, while its tables are in the L2 cache
// (64 images of 32 x 32 x 3 with 8 x 8 tiles have 12 MB of tables). A work unit is an image; a chunk of `grain` images
// shares a part of scratch (chunks, GH GW C 256 + H W C): the tables, and a byte for each value, its place in a table.
template <class T>
struct EqualizeImagesArgs {
    const T* x;
    T *scratch, *y;
    Tiles tiles;
    T clip_limit;
    int64_t grain;
};

}  // namespace netlet
