// Sorting on a GPU: a bitonic network (Batcher, 1968) on pairs of key and position, which are all different, so the order
// is the CPU's stable one. A block sorts tiles of up to 1024 pairs in shared memory. Longer lines are padded to a power of
// two and merged: strides of 1024 and more take one launch each, the smaller ones of a merge share one. Such lines need
// scratch for all of their pairs (sort.cpp).
#define NETLET_ISA gpu_sort
#include "cuda/index_math.h"
#include "cuda/reduce.h"
#include "ops/index/read_index.h"
#include "ops/sort/search.h"

namespace netlet::cuda {

namespace {

using gpu_sort::index_at;
using gpu_sort::key_of;

template <class T> using Key = typename gpu_sort::KeyOf<T>::type;

constexpr int threads = 256, tile = (int)sort_gpu_tile;

template <class K> struct Item {
    K key;
    int32_t at;
    __device__ bool before(const Item& o) const { return key < o.key || (key == o.key && at < o.at); }
};

// A line padded to `padded` pairs, a power of two: in `tiles` tiles of `size` pairs.
struct Padded {
    int64_t padded, tiles;
    int size;
};
Padded padded(int64_t n) {
    Padded p{1, 1, 1};
    while (p.padded < n) p.padded *= 2;
    p.size = p.padded < tile ? (int)p.padded : tile;
    p.tiles = p.padded / p.size;
    return p;
}

// The item of a line at i; items behind its end come last.
template <class T> __device__ Item<Key<T>> item_of(const SortArgs<T>& a, const Quotient& line, int64_t i) {
    using K = Key<T>;
    if (i >= a.n) return {~(K)0, INT32_MAX};
    const K flip = a.falling ? ~(K)0 : (K)0;
    return {(K)(key_of(a.x[(line.quotient * a.n + i) * a.inner + line.rest]) ^ flip), (int32_t)i};
}

template <class T>
__device__ void write_item(const SortArgs<T>& a, const Quotient& line, int64_t i, const Item<Key<T>>& item) {
    if (i >= a.k) return;
    const int64_t to = (line.quotient * a.k + i) * a.inner + line.rest;
    a.y[to] = a.x[(line.quotient * a.n + item.at) * a.inner + line.rest];
    a.index[to] = item.at;
}

template <class K> struct SharedItems {
    Shared<K> key;
    Shared<int32_t> at;
    __device__ explicit SharedItems(int size)
        : key(shared_array<K>(0, size)), at(shared_array<int32_t>(tile * (int)sizeof(K), size)) {}
    __device__ Item<K> load(int i) const { return {key[i], at[i]}; }
    __device__ void store(int i, const Item<K>& v) const {
        key[i] = v.key;
        at[i] = v.at;
    }
    // Orders each pair of items `stride` apart; `first` is the line's place of item 0. The order rises in every other run
    // of `run` items.
    __device__ void step(int size, int64_t first, int64_t run, int stride) const {
        for (int p = (int)threadIdx.x; p < size / 2; p += threads) {
            const int i = p / stride * 2 * stride + p % stride;
            const Item<K> low = load(i), high = load(i + stride);
            const bool rises = ((first + i) & run) == 0;
            if (high.before(low) != rises) continue;
            store(i, high);
            store(i + stride, low);
        }
        __syncthreads();
    }
};
constexpr size_t tile_bytes(size_t key) { return (size_t)tile * (key + 4); }

// Sorts one tile. A line of one tile is written to the result, others go to scratch.
template <class T> __device__ void sort_tile(SortArgs<T> a, Padded p) {
    const Quotient unit = divide(blockIdx.x, p.tiles), line = divide(unit.quotient, a.inner);
    const int64_t first = unit.rest * p.size;
    const SharedItems<Key<T>> items(p.size);
    for (int i = (int)threadIdx.x; i < p.size; i += threads) items.store(i, item_of(a, line, first + i));
    __syncthreads();
    for (int run = 2; run <= p.size; run *= 2)
        for (int stride = run / 2; stride > 0; stride /= 2)
            items.step(p.size, first, p.tiles == 1 && run == p.size ? 0 : run, stride);
    Item<Key<T>>* scratch = static_cast<Item<Key<T>>*>(a.scratch) + blockIdx.x * (int64_t)p.size;
    for (int i = (int)threadIdx.x; i < p.size; i += threads)
        if (p.tiles == 1)
            write_item(a, line, i, items.load(i));
        else
            scratch[i] = items.load(i);
}

// Orders the pairs of a merge into runs of `run` that are `stride` apart, a tile or more.
template <class K> __device__ void merge_far(Item<K>* items, int64_t pairs, int64_t padded, int64_t run,
                                             int64_t stride) {
    for (int64_t p = first_index(); p < pairs; p += all_threads()) {
        const int64_t i = (p & ~(stride - 1)) * 2 + (p & (stride - 1));
        const Item<K> low = items[i], high = items[i + stride];
        const bool rises = run == padded || (i & (padded - 1) & run) == 0;
        if (high.before(low) != rises) continue;
        items[i] = high;
        items[i + stride] = low;
    }
}

// The strides of that merge below a tile; the last merge writes the result.
template <class T> __device__ void merge_tile(SortArgs<T> a, Padded p, int64_t run) {
    using K = Key<T>;
    const Quotient unit = divide(blockIdx.x, p.tiles), line = divide(unit.quotient, a.inner);
    const int64_t first = unit.rest * p.size;
    const bool last = run == p.padded;
    Item<K>* scratch = static_cast<Item<K>*>(a.scratch) + blockIdx.x * (int64_t)p.size;
    const SharedItems<K> items(p.size);
    for (int i = (int)threadIdx.x; i < p.size; i += threads) items.store(i, scratch[i]);
    __syncthreads();
    for (int stride = p.size / 2; stride > 0; stride /= 2) items.step(p.size, first, last ? 0 : run, stride);
    for (int i = (int)threadIdx.x; i < p.size; i += threads)
        if (last)
            write_item(a, line, first + i, items.load(i));
        else
            scratch[i] = items.load(i);
}

template <class T> void launch_sort(const SortArgs<T>& a, int64_t lines, const Stream& s) {
    using K = Key<T>;
    if (a.k == 0) return;
    const Padded p = padded(a.n);
    const unsigned blocks = (unsigned)(lines * p.tiles);
    launch<sort_tile<T>, threads>(s, blocks, tile_bytes(sizeof(K)), a, p);
    const int64_t pairs = lines * p.padded / 2;
    for (int64_t run = 2 * tile; run <= p.padded; run *= 2) {
        for (int64_t stride = run / 2; stride >= tile; stride /= 2)
            launch<merge_far<K>, threads>(s, blocks_for(s, pairs), 0, static_cast<Item<K>*>(a.scratch), pairs, p.padded,
                                          run, stride);
        launch<merge_tile<T>, threads>(s, blocks, tile_bytes(sizeof(K)), a, p, run);
    }
}

// A warp has a row.
template <class T> __device__ void in_top_k(InTopKArgs<T> a, int64_t rows) {
    const int lane = (int)threadIdx.x % warp;
    for (int64_t row = first_index() / warp; row < rows; row += all_threads() / warp) {
        const T* x = a.x + row * a.n;
        const int64_t target = index_at(a.target, a.target_dtype, row);
        const bool exists = target >= 0 && target < a.n;
        const T given = exists ? x[target] : T(0), own = given == given ? given : (T)-__builtin_inf();
        int64_t larger = 0;
        for (int64_t i = lane; exists && i < a.n; i += warp) larger += x[i] > own;
        larger = reduce_warp(larger, Plus());
        if (lane == 0) a.y[row] = exists && larger < a.k;
    }
}

template <class T> __device__ void searchsorted(SearchSortedArgs<T> a, int64_t m) {
    for (int64_t i = first_index(); i < m; i += all_threads()) a.y[i] = (int32_t)gpu_sort::position_of(a.x[i], a);
}

}  // namespace

NETLET_CUDA_KERNEL(sort_f32, SortArgs<float>) { launch_sort(a, units, s); }
NETLET_CUDA_KERNEL(sort_f64, SortArgs<double>) { launch_sort(a, units, s); }
NETLET_CUDA_KERNEL(sort_i32, SortArgs<int32_t>) { launch_sort(a, units, s); }
NETLET_CUDA_KERNEL(sort_i64, SortArgs<int64_t>) { launch_sort(a, units, s); }

#define NETLET_SEARCH(T, suffix)                                                                                       \
    NETLET_CUDA_KERNEL(searchsorted_##suffix, SearchSortedArgs<T>) {                                                   \
        launch<searchsorted<T>, threads>(s, blocks_for(s, units), 0, a, units);                                        \
    }
NETLET_SEARCH(float, f32)
NETLET_SEARCH(double, f64)
NETLET_SEARCH(int32_t, i32)
NETLET_SEARCH(int64_t, i64)
#undef NETLET_SEARCH

NETLET_CUDA_KERNEL(in_top_k_f32, InTopKArgs<float>) {
    launch<in_top_k<float>, threads>(s, blocks_for(s, units * warp), 0, a, units);
}
NETLET_CUDA_KERNEL(in_top_k_f64, InTopKArgs<double>) {
    launch<in_top_k<double>, threads>(s, blocks_for(s, units * warp), 0, a, units);
}

}  // namespace netlet::cuda
