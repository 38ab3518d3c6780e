#include "ops/gemm/gemm_choice.h"

#include <algorithm>
#include <atomic>

#include "base/shape.h"
#include "ops/gemm/gemm_args.h"

namespace netlet::ops {

namespace {

// Multiply-adds that are worth waking a thread for: about two microseconds on one core.
constexpr double unit_work = 128 * 1024;
// More units than this do not balance better, even over many threads.
constexpr int64_t most_units = 64;
// A strip of rows fills the registers (AVX-512: 14 rows; 7 strips of AVX2's 6 make 3 of 14).
constexpr int64_t strip = 14;
// From this size on, narrow blocks of columns of b map to few sets of the caches if its pitch is a power of two.
constexpr int64_t cached_b_bytes = 512 * 1024;
// From this size on, b comes from memory. Reading a few columns of all its rows is then three times as slow as packing
// it in order and reading the panels.
constexpr int64_t streamed_b_bytes = 4 * 1024 * 1024;
// A part of b that is worth waking a thread for where reading b is all the work.
constexpr int64_t slice_bytes = 512 * 1024;

// Products with at most this many rows are bound by reading b once.
constexpr int64_t skinny_rows = 4;

// Cuts `size` into at most `parts` blocks of whole multiples of `step`.
int64_t block(int64_t size, int64_t parts, int64_t step) {
    return std::max<int64_t>(ceil_div(ceil_div(size, std::max<int64_t>(parts, 1)), step) * step, step);
}

// Whether packing b pays for M rows of a. Reading b in place is as fast, but for a large b; a transposed b, which would
// be transposed again for every block of rows; and a tall b whose rows are a multiple of 2 KB apart.
bool packing_pays(int64_t M, int64_t N, int64_t K, bool b_transposed, int64_t element_bytes, bool b_prepacked,
                  int vector_bytes) {
    const int64_t bytes = N * K * element_bytes;
    if (N < gemm_panel_group) return false;
    // AVX2 and NEON strips have too few rows to hide the latency of cache lines of b that are not read in order.
    if (vector_bytes < 64 && M >= 24) return true;
    if (!b_transposed && bytes > streamed_b_bytes) return M > skinny_rows;
    if (M < (b_prepacked ? 32 : 48)) return false;
    if (b_transposed) return bytes > 128 * 1024;
    if (b_prepacked) return bytes > 1024 * 1024;
    return K >= 1024 && N * element_bytes % 2048 == 0;
}

// 512 columns by 384 terms of a panel are 768 KB, most of the L2 cache. With fewer rows the columns are cut finer, so
// that two or four threads finish together.
GemmChoice packed_blocks(int64_t M, int64_t N) {
    const int64_t nb = block(N, ceil_div(N, M < 8 * 3 * strip ? 128 : 512), gemm_panel_group);
    const int64_t rows = block(M * ceil_div(N, nb), 32, 3 * strip);
    return {GemmChoice::Path::packed, std::min(rows, 18 * strip), nb, 0};
}

}  // namespace

// One column is computed as one row (gemm.cpp).
bool order_depends_on_layout(int64_t M, int64_t N) { return M <= skinny_rows || N == 1; }

GemmChoice choose_gemm(int64_t M, int64_t N, int64_t K, bool a_transposed, bool b_transposed, int64_t items,
                       int64_t element_bytes, bool b_prepacked, int vector_bytes) {
    const int64_t G = gemm_panel_group;
    const double work = (double)M * (double)N * (double)K;
    const int64_t units = std::clamp<int64_t>((int64_t)(work / unit_work), 1, most_units);

    // With few rows the order in which b is read decides. A small b stays in the L1 cache, where the tile reads it as
    // well and keeps c in registers.
    if (items == 1 && M <= skinny_rows && !a_transposed) {
        if (b_transposed) return {GemmChoice::Path::dot, M, block(N, units, G), 0};
        const int64_t bytes = N * K * element_bytes, slices = std::min(bytes / slice_bytes, int64_t{16});
        if (N >= 2 * G && bytes > 128 * 1024)
            return {GemmChoice::Path::stream, M, N, slices > 1 ? block(K, slices, 8) : 0};
    }
    // A long sum into few elements can be parallel only along K.
    if (items == 1 && M <= 4 * strip && N <= 2 * G && K >= 4096 && units > 1) {
        const int64_t kb = std::max({int64_t{1024}, ceil_div(K, 32), (int64_t)(unit_work / (double)(M * N))});
        if (kb < K) return {GemmChoice::Path::slice_k, M, ceil_div(N, G) * G, kb};
    }
    if (items == 1 && packing_pays(M, N, K, b_transposed, element_bytes, b_prepacked, vector_bytes))
        return packed_blocks(M, N);
    int64_t mb = M, nb = ceil_div(N, G) * G;
    if (units > 1 && items < most_units) {
        if (b_transposed) {  // columns first: each block of columns transposes its part of b once
            nb = block(N, units, G);
            mb = ceil_div(M, std::clamp<int64_t>(units / ceil_div(N, nb), 1, ceil_div(M, 8 * strip)));
        } else if (M <= 4 * strip) {  // few rows: each block of rows would read all of b again
            // Narrow blocks of a large b would map to few sets of the caches.
            nb = block(N, units, N * K * element_bytes > cached_b_bytes ? 4 * G : G);
            const int64_t blocks = ceil_div(N, nb);
            if (blocks < 16) mb = ceil_div(M, std::clamp<int64_t>(units / blocks, 1, ceil_div(M, strip)));
        } else {
            mb = ceil_div(M, std::min(units, ceil_div(M, strip)));
            nb = block(N, units / ceil_div(M, mb), G);
        }
    }
    return {GemmChoice::Path::direct, std::max<int64_t>(mb, 1), std::max(nb, G), 0};
}

GemmChoice choose_low_precision_gemm(int64_t M, int64_t N, int64_t K, bool b_transposed, int64_t items,
                                     bool b_prepacked) {
    const int64_t G = gemm_panel_group;
    // A lane holds four terms: the same time does four times the work.
    const int64_t units =
        std::clamp<int64_t>((int64_t)((double)M * (double)N * (double)K / (4 * unit_work)), 1, most_units);
    if (items == 1 && (b_prepacked || M >= 2 * strip) && N * K > 16 * 1024) return packed_blocks(M, N);
    // Narrow blocks read a transposed b in long runs along k; wide blocks read the rows of b in long runs.
    const int64_t widest = b_transposed ? 2 * G : M <= skinny_rows ? 16 * G : 4 * G;
    const int64_t nb = std::min(block(N, items < most_units ? units : 1, G), widest);
    const int64_t blocks = std::clamp<int64_t>(units / (ceil_div(N, nb) * items), 1, ceil_div(M, 4 * strip));
    return {GemmChoice::Path::direct, ceil_div(M, blocks), nb, 0};
}

GemmChoice choose_mixed_gemm(int64_t M, int64_t N, int64_t K, bool b_transposed, int64_t items, bool b_prepacked) {
    const double work = (double)M * (double)N * (double)K;
    // A long sum into few elements (the gradient of a small kernel) is parallel only along K, and its panels would not
    // fit the caches. 32 slices are at most 4 MB.
    if (items == 1 && K >= 4096 && M * N <= 32 * 1024 && work > 8 * unit_work) {
        const int64_t kb = std::max({int64_t{1024}, ceil_div(K, 32), (int64_t)(4 * unit_work / (double)(M * N))});
        if (kb < K)
            return {GemmChoice::Path::slice_k, M, std::min(block(N, 1, gemm_panel_group), 2 * gemm_panel_group),
                    ceil_div(kb, 64) * 64};
    }
    return choose_low_precision_gemm(M, N, K, b_transposed, items, b_prepacked);
}

// ---- GPU ----

namespace {

// Multiprocessors of the GPU that the tiles are chosen for (H100, H200). A constant, so that the bits of a product do
// not depend on the device.
constexpr int64_t processors = 132;
// Terms in a slice of a split K at least: adding a slice up costs as much as these.
constexpr int64_t gpu_slice = 512;

// A square tile, and the share of the peak rate that one thread block on a multiprocessor is expected to reach.
struct GpuTile {
    int64_t size;
    double rate;
};
constexpr GpuTile gpu_tiles[] = {{128, 0.9}, {64, 0.75}, {32, 0.45}};

int64_t blocks_of(int64_t M, int64_t N, int64_t items, int64_t size) {
    return items * ceil_div(M, size) * ceil_div(N, size);
}

// The time of so many blocks that each compute `area` elements.
double rounds(int64_t blocks, double area, double rate) { return (double)ceil_div(blocks, processors) * area / rate; }

// How many slices K is cut into if all products make only so many blocks.
int64_t gpu_slices(int64_t blocks, int64_t K) {
    return K < 4 * gpu_slice ? 1 : std::clamp<int64_t>(2 * processors / blocks, 1, K / gpu_slice);
}

GemmChoice gpu_choice(int64_t mb, int64_t nb, int64_t K, int64_t slices) {
    // Multiples of 32 terms keep slices aligned and fill the steps of every tile.
    const int64_t kb = slices > 1 ? block(K, slices, 32) : 0;
    if (kb == 0 || kb >= K) return {GemmChoice::Path::direct, mb, nb, 0};
    return {GemmChoice::Path::slice_k, mb, nb, kb};
}

}  // namespace

GemmChoice choose_gpu_gemm(int64_t M, int64_t N, int64_t K, bool a_transposed, bool b_transposed, int64_t items,
                           int64_t summed, int64_t element_bytes) {
    const bool may_slice = items * summed == 1;
    if (M <= skinny_rows && !a_transposed && summed == 1) {
        // A transposed b: a warp for each column, or a block of 8 warps if there are few columns and long ones.
        if (b_transposed) return {GemmChoice::Path::direct, M, N * items < 8 * processors && K >= 512 ? 1 : 8, 0};
        return gpu_choice(M, 32, K, may_slice ? gpu_slices(ceil_div(N, 32), K) : 1);
    }
    GemmChoice best{};
    double least = 0;
    for (const GpuTile& tile : gpu_tiles) {
        if (tile.size == 128 && element_bytes == 8) continue;
        const int64_t blocks = blocks_of(M, N, items, tile.size), slices = may_slice ? gpu_slices(blocks, K) : 1;
        const double area = (double)(tile.size * tile.size);
        double time = rounds(blocks * slices, area, tile.rate) * ((double)K / (double)slices);
        // The slices are added up by a second kernel, bound by memory: as long as about 32 terms for each slice.
        if (slices > 1) time += (double)(M * N * slices) * 32 / (double)processors;
        if (best.mb == 0 || time < least) {
            best = gpu_choice(tile.size, tile.size, K, slices);
            least = time;
        }
    }
    return best;
}

bool gpu_choice_may_use_tf32(const GemmChoice& choice) {
    return choice.path == GemmChoice::Path::direct && choice.mb > skinny_rows;
}

GemmChoice choose_gpu_low_precision_gemm(int64_t M, int64_t N, int64_t items) {
    GemmChoice best{};
    double least = 0;
    for (const GpuTile& tile : gpu_tiles) {
        if (tile.size == 32) continue;
        const double time = rounds(blocks_of(M, N, items, tile.size), (double)(tile.size * tile.size), tile.rate);
        if (best.mb == 0 || time < least) best = {GemmChoice::Path::direct, tile.size, tile.size, 0}, least = time;
    }
    return best;
}

namespace {
std::atomic<bool> tf32_allowed{false};
}
void allow_tf32(bool allowed) { tf32_allowed.store(allowed, std::memory_order_relaxed); }
bool is_tf32_allowed() { return tf32_allowed.load(std::memory_order_relaxed); }

}  // namespace netlet::ops
