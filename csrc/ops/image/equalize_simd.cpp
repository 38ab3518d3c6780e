#include "dispatch/kernel.h"
#include "ops/image/equalize_table.h"

namespace netlet::NETLET_ISA {

// Values whose bins are computed at once.
constexpr int64_t block = 256;

// The table of Equalization of each channel of `pixels` pixels, (C, bins).
template <class T>
NETLET_INLINE void equalized_tables(const T* x, T* tables, const BinOf<T>& bin, int64_t pixels, int64_t C) {
    int32_t place[block];
    for (int64_t i = 0; i < C * bin.bins; ++i) tables[i] = T(0);
    for (int64_t i = 0, c = 0; i < pixels * C; i += block) {
        const int64_t n = pixels * C - i < block ? pixels * C - i : block;
        bins_of(bin, x + i, place, n);
        for (int64_t k = 0; k < n; ++k) {
            tables[c * bin.bins + place[k]] += T(1);
            c = c + 1 < C ? c + 1 : 0;
        }
    }
    for (int64_t c = 0; c < C; ++c) equalized_table(tables + c * bin.bins, bin.bins, pixels);
}

template <class T>
NETLET_INLINE void equalized_row(const T* x, const T* tables, T* y, const BinOf<T>& bin, int64_t W, int64_t C) {
    int32_t place[block];
    for (int64_t i = 0, c = 0; i < W * C; i += block) {
        const int64_t n = W * C - i < block ? W * C - i : block;
        bins_of(bin, x + i, place, n);
        for (int64_t k = 0; k < n; ++k) {
            const T* table = tables + c * bin.bins;
            y[i + k] = table[0] != table[0] ? x[i + k] : table[place[k]];
            c = c + 1 < C ? c + 1 : 0;
        }
    }
}

// The positions in tables of CLAHE of n values.
template <class T>
NETLET_INLINE void limited_places(const T* x, uint8_t* places, int64_t n) {
    for (int64_t i = 0; i < n; ++i) places[i] = (uint8_t)limited_place(x[i]);
}

// The tables of one tile of an image, (C, 256). place(i): the position in a table of element i of the image. The
// channels of a pixel count into different tables, so their additions do not wait for each other.
template <class T, class Place>
NETLET_INLINE void limited_tile(const Place& place, T* tables, const Tiles& t, int64_t row, int64_t column,
                                T clip_limit) {
    for (int64_t i = 0; i < t.C * limited_bins; ++i) tables[i] = T(0);
    for (int64_t h = row * t.TH; h < (row + 1) * t.TH; ++h) {
        const int64_t line = (h < t.H ? h : mirrored(h, t.H)) * t.W * t.C;
        for (int64_t w = column * t.TW; w < (column + 1) * t.TW; ++w) {
            const int64_t pixel = line + (w < t.W ? w : mirrored(w, t.W)) * t.C;
            for (int64_t c = 0; c < t.C; ++c) tables[c * limited_bins + place(pixel + c)] += T(1);
        }
    }
    for (int64_t c = 0; c < t.C; ++c) limited_table(tables + c * limited_bins, t.TH * t.TW, clip_limit);
}

// A row of an image by CLAHE, from the image's tables. place(i): the position in a table of element i of the row.
template <class T, class Place>
NETLET_INLINE void limited_row(const Place& place, const T* tables, T* y, const Tiles& t, int64_t h) {
    const int64_t tile = t.C * limited_bins;
    const Between<T> rows = tiles_between<T>(h, t.TH, t.GH);
    const T *top = tables + rows.first * t.GW * tile, *bottom = tables + rows.second * t.GW * tile;
    for (int64_t w = 0; w < t.W; ++w) {
        const Between<T> columns = tiles_between<T>(w, t.TW, t.GW);
        for (int64_t c = 0; c < t.C; ++c) {
            const int64_t left = columns.first * tile + c * limited_bins, right = left + columns.step * tile;
            const T* corner[4] = {top + left, top + right, bottom + left, bottom + right};
            y[w * t.C + c] = looked_up(place(w * t.C + c), corner, columns.weight, rows.weight);
        }
    }
}

template <class T>
NETLET_INLINE void equalize_tables(const EqualizeTablesArgs<T>& a, Range r) {
    const Tiles& t = a.tiles;
    const int64_t bins = a.bin.bins;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t row = unit / t.GW % t.GH, column = unit % t.GW;
        const T* image = a.x + unit / (t.GH * t.GW) * t.H * t.W * t.C;
        T* tables = a.tables + unit * t.C * bins;
        if (a.limited) {
            limited_tile([&](int64_t i) { return limited_place(image[i]); }, tables, t, row, column, a.clip_limit);
            continue;
        }
        equalized_tables(image, tables, a.bin, t.H * t.W, t.C);
    }
}

template <class T>
NETLET_INLINE void equalize_lookup(const EqualizeLookupArgs<T>& a, Range r) {
    const Tiles& t = a.tiles;
    const int64_t bins = a.bin.bins;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const T *x = a.x + unit * t.W * t.C, *tables = a.tables + unit / t.H * t.GH * t.GW * t.C * bins;
        T* y = a.y + unit * t.W * t.C;
        if (a.limited) {
            limited_row([&](int64_t i) { return limited_place(x[i]); }, tables, y, t, unit % t.H);
            continue;
        }
        equalized_row(x, tables, y, a.bin, t.W, t.C);
    }
}

template <class T>
NETLET_INLINE void equalize_images(const EqualizeImagesArgs<T>& a, Range r) {
    const Tiles& t = a.tiles;
    const int64_t tile = t.C * limited_bins, line = t.W * t.C;
    const int64_t scratch = t.GH * t.GW * tile + t.H * line;
    T* tables = a.scratch + r.begin / a.grain * scratch;
    uint8_t* places = reinterpret_cast<uint8_t*>(tables + t.GH * t.GW * tile);
    for (int64_t image = r.begin; image < r.end; ++image) {
        limited_places(a.x + image * t.H * line, places, t.H * line);
        for (int64_t row = 0; row < t.GH; ++row)
            for (int64_t column = 0; column < t.GW; ++column)
                limited_tile([&](int64_t i) { return (int64_t)places[i]; }, tables + (row * t.GW + column) * tile, t,
                             row, column, a.clip_limit);
        for (int64_t h = 0; h < t.H; ++h) {
            const uint8_t* row = places + h * line;
            limited_row([&](int64_t i) { return (int64_t)row[i]; }, tables, a.y + (image * t.H + h) * line, t, h);
        }
    }
}

NETLET_DEFINE_KERNEL(equalize_tables_f32, EqualizeTablesArgs<float>) { equalize_tables(a, r); }
NETLET_DEFINE_KERNEL(equalize_tables_f64, EqualizeTablesArgs<double>) { equalize_tables(a, r); }
NETLET_DEFINE_KERNEL(equalize_lookup_f32, EqualizeLookupArgs<float>) { equalize_lookup(a, r); }
NETLET_DEFINE_KERNEL(equalize_lookup_f64, EqualizeLookupArgs<double>) { equalize_lookup(a, r); }
NETLET_DEFINE_KERNEL(equalize_images_f32, EqualizeImagesArgs<float>) { equalize_images(a, r); }
NETLET_DEFINE_KERNEL(equalize_images_f64, EqualizeImagesArgs<double>) { equalize_images(a, r); }

}  // namespace netlet::NETLET_ISA
