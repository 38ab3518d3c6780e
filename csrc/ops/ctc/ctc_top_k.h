// The best k of the items that are offered one by one: a heap whose first item is the worst.
#pragma once
#include "ops/ctc/ctc_decode_args.h"

namespace netlet::NETLET_ISA {

template <class T>
NETLET_INLINE bool better(const CtcCandidate<T>& a, const CtcCandidate<T>& b) {
    return a.total > b.total || (a.total == b.total && a.order < b.order);
}
template <class T>
NETLET_INLINE bool better(const CtcClass<T>& a, const CtcClass<T>& b) {
    return a.log_p > b.log_p || (a.log_p == b.log_p && a.k < b.k);
}

template <class Item>
struct TopK {
    Item* items;
    int64_t most;
    int64_t n = 0;

    // Returns false if the item is not taken; then no worse item can be taken either.
    NETLET_MEMBER_INLINE bool offer(const Item& item) {
        if (n < most) {
            int64_t i = n++;
            for (; i > 0 && better(items[(i - 1) / 2], item); i = (i - 1) / 2) items[i] = items[(i - 1) / 2];
            items[i] = item;
            return true;
        }
        if (most == 0 || !better(item, items[0])) return false;
        sink(item, n);
        return true;
    }
    // Sorts the items, the best first.
    NETLET_MEMBER_INLINE void sort() {
        for (int64_t end = n - 1; end > 0; --end) {
            const Item last = items[end];
            items[end] = items[0];
            sink(last, end);
        }
    }

  private:
    // Replaces the first of `count` items by `item` and restores the heap.
    NETLET_MEMBER_INLINE void sink(const Item& item, int64_t count) {
        int64_t i = 0;
        for (int64_t child = 1; child < count; child = 2 * i + 1) {
            if (child + 1 < count && better(items[child], items[child + 1])) ++child;
            if (!better(item, items[child])) break;
            items[i] = items[child];
            i = child;
        }
        items[i] = item;
    }
};

}  // namespace netlet::NETLET_ISA
