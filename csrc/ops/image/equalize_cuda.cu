// Histogram equalization on a GPU (equalize_args.h).
//
// Tables: a block owns a tile and counts its pixels in global memory by atomic additions of ones, whose sum does not
// depend on their order. Then one thread for each channel computes the table.
// Lookup: a thread computes one value.
#include "cuda/elements.h"
#include "cuda/vec.h"
#include "ops/image/equalize_table.h"

namespace netlet::cuda {

namespace {

template <class T>
__device__ void equalize_tables(EqualizeTablesArgs<T> a, int64_t units) {
    const Tiles& t = a.tiles;
    const int64_t bins = a.bin.bins, pixels = t.TH * t.TW;
    for (int64_t unit = blockIdx.x; unit < units; unit += gridDim.x) {
        const int64_t image = unit / (t.GH * t.GW), row = unit / t.GW % t.GH, column = unit % t.GW;
        T* tables = a.tables + unit * t.C * bins;
        for (int64_t i = threadIdx.x; i < t.C * bins; i += blockDim.x) tables[i] = T(0);
        __syncthreads();
        for (int64_t i = threadIdx.x; i < pixels * t.C; i += blockDim.x) {
            const int64_t c = i % t.C, p = i / t.C;
            const int64_t h = gpu::mirrored(row * t.TH + p / t.TW, t.H),
                          w = gpu::mirrored(column * t.TW + p % t.TW, t.W);
            const T x = a.x[((image * t.H + h) * t.W + w) * t.C + c];
            const int64_t place = a.limited ? gpu::limited_place(x) : gpu::bin_of(a.bin, x);
            atomicAdd(tables + c * bins + place, T(1));
        }
        __syncthreads();
        for (int64_t c = threadIdx.x; c < t.C; c += blockDim.x) {
            if (a.limited)
                gpu::limited_table(tables + c * bins, pixels, a.clip_limit);
            else
                gpu::equalized_table(tables + c * bins, bins, pixels);
        }
        __syncthreads();
    }
}

template <class T>
__device__ void equalize_lookup(EqualizeLookupArgs<T> a, int64_t values) {
    const Tiles& t = a.tiles;
    const int64_t bins = a.bin.bins, tile = t.C * bins;
    for (int64_t i = first_index(); i < values; i += all_threads()) {
        const int64_t c = i % t.C, w = i / t.C % t.W, line = i / (t.C * t.W), h = line % t.H, image = line / t.H;
        const T* tables = a.tables + image * t.GH * t.GW * tile + c * bins;
        if (!a.limited) {
            a.y[i] = tables[0] != tables[0] ? a.x[i] : tables[gpu::bin_of(a.bin, a.x[i])];
            continue;
        }
        const auto rows = gpu::tiles_between<T>(h, t.TH, t.GH), columns = gpu::tiles_between<T>(w, t.TW, t.GW);
        const T *top = tables + rows.first * t.GW * tile, *bottom = tables + rows.second * t.GW * tile;
        const int64_t left = columns.first * tile, right = columns.second * tile;
        const T* corner[4] = {top + left, top + right, bottom + left, bottom + right};
        a.y[i] = gpu::looked_up(gpu::limited_place(a.x[i]), corner, columns.weight, rows.weight);
    }
}

template <class T>
void launch_tables(const Stream& s, const EqualizeTablesArgs<T>& a, int64_t units) {
    launch<equalize_tables<T>>(s, (unsigned)(units < 65535 ? units : 65535), 0, a, units);
}

template <class T>
void launch_lookup(const Stream& s, const EqualizeLookupArgs<T>& a, int64_t rows) {
    const int64_t values = rows * a.tiles.W * a.tiles.C;
    launch<equalize_lookup<T>>(s, blocks_for(s, values), 0, a, values);
}

}  // namespace

NETLET_CUDA_KERNEL(equalize_tables_f32, EqualizeTablesArgs<float>) { launch_tables(s, a, units); }
NETLET_CUDA_KERNEL(equalize_tables_f64, EqualizeTablesArgs<double>) { launch_tables(s, a, units); }
NETLET_CUDA_KERNEL(equalize_lookup_f32, EqualizeLookupArgs<float>) { launch_lookup(s, a, units); }
NETLET_CUDA_KERNEL(equalize_lookup_f64, EqualizeLookupArgs<double>) { launch_lookup(s, a, units); }

}  // namespace netlet::cuda
