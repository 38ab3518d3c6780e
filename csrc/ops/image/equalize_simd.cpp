#include "dispatch/kernel.h"
#include "ops/image/equalize_table.h"

namespace netlet::NETLET_ISA {

// The tables of one tile, (C, bins). The channels of a pixel count into different tables, so their additions do not wait
// for each other.
template <class T, class Place>
NETLET_INLINE void count_tile(const T* image, T* tables, const Tiles& t, int64_t row, int64_t column, int64_t bins,
                              const Place& place) {
    for (int64_t i = 0; i < t.C * bins; ++i) tables[i] = T(0);
    for (int64_t h = row * t.TH; h < (row + 1) * t.TH; ++h) {
        const T* line = image + (h < t.H ? h : mirrored(h, t.H)) * t.W * t.C;
        for (int64_t w = column * t.TW; w < (column + 1) * t.TW; ++w) {
            const T* pixel = line + (w < t.W ? w : mirrored(w, t.W)) * t.C;
            for (int64_t c = 0; c < t.C; ++c) tables[c * bins + place(pixel[c])] += T(1);
        }
    }
}

template <class T>
NETLET_INLINE void limited_tile(const T* image, T* tables, const Tiles& t, int64_t row, int64_t column, T clip_limit) {
    count_tile(image, tables, t, row, column, limited_bins, [](T v) { return limited_place(v); });
    for (int64_t c = 0; c < t.C; ++c) limited_table(tables + c * limited_bins, t.TH * t.TW, clip_limit);
}

// A row of an image by CLAHE, from the image's tables.
template <class T>
NETLET_INLINE void limited_row(const T* x, const T* tables, T* y, const Tiles& t, int64_t h) {
    const int64_t tile = t.C * limited_bins;
    const Between<T> rows = tiles_between<T>(h, t.TH, t.GH);
    const T *top = tables + rows.first * t.GW * tile, *bottom = tables + rows.second * t.GW * tile;
    for (int64_t w = 0; w < t.W; ++w) {
        const Between<T> columns = tiles_between<T>(w, t.TW, t.GW);
        for (int64_t c = 0; c < t.C; ++c) {
            const int64_t left = columns.first * tile + c * limited_bins, right = left + columns.step * tile;
            const T* corner[4] = {top + left, top + right, bottom + left, bottom + right};
            y[w * t.C + c] = looked_up(x[w * t.C + c], corner, columns.weight, rows.weight);
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
            limited_tile(image, tables, t, row, column, a.clip_limit);
            continue;
        }
        count_tile(image, tables, t, row, column, bins, [&](T v) { return bin_of(a.bin, v); });
        for (int64_t c = 0; c < t.C; ++c) equalized_table(tables + c * bins, bins, t.TH * t.TW);
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
            limited_row(x, tables, y, t, unit % t.H);
            continue;
        }
        for (int64_t c = 0; c < t.C; ++c) {
            const T* table = tables + c * bins;
            const bool unchanged = table[0] != table[0];
            for (int64_t i = c; i < t.W * t.C; i += t.C) y[i] = unchanged ? x[i] : table[bin_of(a.bin, x[i])];
        }
    }
}

template <class T>
NETLET_INLINE void equalize_images(const EqualizeImagesArgs<T>& a, Range r) {
    const Tiles& t = a.tiles;
    const int64_t tile = t.C * limited_bins, line = t.W * t.C;
    T* tables = a.tables + r.begin / a.grain * t.GH * t.GW * tile;
    for (int64_t image = r.begin; image < r.end; ++image) {
        const T* x = a.x + image * t.H * line;
        for (int64_t row = 0; row < t.GH; ++row)
            for (int64_t column = 0; column < t.GW; ++column)
                limited_tile(x, tables + (row * t.GW + column) * tile, t, row, column, a.clip_limit);
        for (int64_t h = 0; h < t.H; ++h) limited_row(x + h * line, tables, a.y + (image * t.H + h) * line, t, h);
    }
}

NETLET_DEFINE_KERNEL(equalize_tables_f32, EqualizeTablesArgs<float>) { equalize_tables(a, r); }
NETLET_DEFINE_KERNEL(equalize_tables_f64, EqualizeTablesArgs<double>) { equalize_tables(a, r); }
NETLET_DEFINE_KERNEL(equalize_lookup_f32, EqualizeLookupArgs<float>) { equalize_lookup(a, r); }
NETLET_DEFINE_KERNEL(equalize_lookup_f64, EqualizeLookupArgs<double>) { equalize_lookup(a, r); }
NETLET_DEFINE_KERNEL(equalize_images_f32, EqualizeImagesArgs<float>) { equalize_images(a, r); }
NETLET_DEFINE_KERNEL(equalize_images_f64, EqualizeImagesArgs<double>) { equalize_images(a, r); }

}  // namespace netlet::NETLET_ISA
