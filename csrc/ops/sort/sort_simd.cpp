#include "dispatch/kernel.h"
#include "ops/index/read_index.h"
#include "ops/sort/search.h"
#include "ops/sort/sort_args.h"

namespace netlet::NETLET_ISA {

namespace {

template <class K> struct Item {
    K key;
    int32_t at;
};

// Inserts `item` after the items that are not larger. items has room for n + 1 items.
template <class K>
NETLET_INLINE void insert(Item<K>* items, int64_t n, Item<K> item) {
    for (; n > 0 && items[n - 1].key > item.key; --n) items[n] = items[n - 1];
    items[n] = item;
}

// ---- long lines: radix sort by digits of 8 bits, least significant digit first; each pass is stable
template <class K>
NETLET_INLINE Item<K>* sort_by_digits(Item<K>* from, Item<K>* to, int64_t n) {
    constexpr int digits = (int)sizeof(K);
    int32_t count[digits][256];
    memset(count, 0, sizeof count);
    for (int64_t i = 0; i < n; ++i)
        for (int d = 0; d < digits; ++d) ++count[d][from[i].key >> (8 * d) & 255];
    for (int d = 0; d < digits; ++d) {
        if (count[d][from[0].key >> (8 * d) & 255] == n) continue;  // one digit for all: small or close numbers
        int32_t at = 0;
        for (int32_t& c : count[d]) {
            const int32_t here = c;
            c = at;
            at += here;
        }
        for (int64_t i = 0; i < n; ++i) to[count[d][from[i].key >> (8 * d) & 255]++] = from[i];
        Item<K>* swapped = from;
        from = to;
        to = swapped;
    }
    return from;
}

template <class T>
NETLET_INLINE void sort_lines(const SortArgs<T>& a, Range r) {
    using K = typename KeyOf<T>::type;
    const K flip = a.falling ? ~(K)0 : (K)0;
    Item<K> few[sort_short + 1];
    Item<K>* scratch = static_cast<Item<K>*>(a.scratch) + r.begin / a.grain * 2 * a.n;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const T* x = a.x + unit / a.inner * a.n * a.inner + unit % a.inner;
        const Item<K>* sorted = few;
        auto item = [&](int64_t i) { return Item<K>{(K)(key_of(x[i * a.inner]) ^ flip), (int32_t)i}; };
        if (a.k <= sort_partial_k && a.k < a.n) {
            for (int64_t i = 0; i < a.k; ++i) insert(few, i, item(i));
            for (int64_t i = a.k; i < a.n; ++i) {
                const Item<K> next = item(i);
                if (a.k > 0 && next.key < few[a.k - 1].key) insert(few, a.k - 1, next);
            }
        } else if (a.n <= sort_short) {
            for (int64_t i = 0; i < a.n; ++i) insert(few, i, item(i));
        } else {
            for (int64_t i = 0; i < a.n; ++i) scratch[i] = item(i);
            sorted = sort_by_digits(scratch, scratch + a.n, a.n);
        }
        const int64_t to = unit / a.inner * a.k * a.inner + unit % a.inner;
        for (int64_t i = 0; i < a.k; ++i) {
            a.y[to + i * a.inner] = x[sorted[i].at * a.inner];
            a.index[to + i * a.inner] = sorted[i].at;
        }
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(sort_f32, SortArgs<float>) { sort_lines(a, r); }
NETLET_DEFINE_KERNEL(sort_f64, SortArgs<double>) { sort_lines(a, r); }
NETLET_DEFINE_KERNEL(sort_i32, SortArgs<int32_t>) { sort_lines(a, r); }
NETLET_DEFINE_KERNEL(sort_i64, SortArgs<int64_t>) { sort_lines(a, r); }

template <class T>
NETLET_INLINE void in_top_k(const InTopKArgs<T>& a, Range r) {
    for (int64_t row = r.begin; row < r.end; ++row) {
        const T* NETLET_RESTRICT x = a.x + row * a.n;
        const int64_t target = index_at(a.target, a.target_dtype, row);
        a.y[row] = 0;
        if (target < 0 || target >= a.n) continue;
        const T own = x[target] == x[target] ? x[target] : (T)-NETLET_INFINITY;
        int64_t larger = 0;
        for (int64_t i = 0; i < a.n; ++i) larger += x[i] > own;
        a.y[row] = larger < a.k;
    }
}

// ---- searchsorted
template <class T>
NETLET_INLINE void searchsorted(const SearchSortedArgs<T>& a, Range r) {
    for (int64_t i = r.begin; i < r.end; ++i) a.y[i] = (int32_t)position_of(a.x[i], a);
}

NETLET_DEFINE_KERNEL(searchsorted_f32, SearchSortedArgs<float>) { searchsorted(a, r); }
NETLET_DEFINE_KERNEL(searchsorted_f64, SearchSortedArgs<double>) { searchsorted(a, r); }
NETLET_DEFINE_KERNEL(searchsorted_i32, SearchSortedArgs<int32_t>) { searchsorted(a, r); }
NETLET_DEFINE_KERNEL(searchsorted_i64, SearchSortedArgs<int64_t>) { searchsorted(a, r); }

NETLET_DEFINE_KERNEL(in_top_k_f32, InTopKArgs<float>) { in_top_k(a, r); }
NETLET_DEFINE_KERNEL(in_top_k_f64, InTopKArgs<double>) { in_top_k(a, r); }

}  // namespace netlet::NETLET_ISA
