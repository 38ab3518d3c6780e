// Binary search in sorted numbers, on the CPU and in a thread of a GPU.
#pragma once
#include "ops/sort/sort_args.h"
#include "ops/sort/sort_keys.h"

namespace netlet::NETLET_ISA {

// Where x belongs in a.sorted: before the first number that is not smaller, or, with a.right, that is larger.
template <class T>
NETLET_INLINE int64_t position_of(T x, const SearchSortedArgs<T>& a) {
    const auto wanted = key_of(x);
    int64_t first = 0, left = a.n;  // the position is in [first, first + left]
    while (left > 0) {
        const int64_t half = left / 2;
        const auto key = key_of(a.sorted[first + half]);
        const bool before = key < wanted || (a.right && key == wanted);
        first = before ? first + half + 1 : first;
        left = before ? left - half - 1 : half;
    }
    return first;
}

}  // namespace netlet::NETLET_ISA
