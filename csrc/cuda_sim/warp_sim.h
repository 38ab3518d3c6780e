// What the threads of a warp and of a block do together. The call's place in the source is recorded: threads that wait
// in different places are an error.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "scheduler.h"

#define NETLET_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(NETLET_SITE) { netlet::sim::block_barrier({file, line}); }
inline void __syncwarp(unsigned mask = 0xffffffffu, NETLET_SITE) {
    netlet::sim::warp_barrier("__syncwarp", mask, nullptr, nullptr, {file, line});
}
inline void __threadfence() {}
inline void __threadfence_block() {}

namespace netlet::sim {

struct Shuffle {
    uint64_t value;
    int source;  // a lane of the warp
};
void exchange_shuffles(void* const* lanes, unsigned mask);

struct Vote {
    bool mine;
    unsigned votes;
};
void exchange_votes(void* const* lanes, unsigned mask);

// CUDA has shuffles of numbers of 4 and 8 bytes; shorter integers become int.
template <class T> using Shuffled = std::conditional_t<(sizeof(T) < 4), int, T>;

template <class T> inline T shuffle(const char* name, unsigned mask, T value, int source, Site site) {
    static_assert(std::is_arithmetic_v<T>, "shuffles take numbers");
    Shuffle mine{0, source};
    std::memcpy(&mine.value, &value, sizeof(T));
    warp_barrier(name, mask, exchange_shuffles, &mine, site);
    std::memcpy(&value, &mine.value, sizeof(T));
    return value;
}
inline unsigned vote(const char* name, unsigned mask, bool mine, Site site) {
    Vote vote{mine, 0};
    warp_barrier(name, mask, exchange_votes, &vote, site);
    return vote.votes;
}
// A warp is cut into segments of `width` lanes; a source outside of the segment is the lane itself.
inline int lane() { return (int)(threadIdx.x % 32); }
inline int segment(int width) { return lane() / width * width; }

}  // namespace netlet::sim

template <class T>
inline netlet::sim::Shuffled<T> __shfl_sync(unsigned mask, T value, int source, int width = 32, NETLET_SITE) {
    using namespace netlet::sim;
    return shuffle<Shuffled<T>>("__shfl_sync", mask, value, segment(width) + (source & (width - 1)), {file, line});
}
template <class T>
inline netlet::sim::Shuffled<T> __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, NETLET_SITE) {
    using namespace netlet::sim;
    const int source = lane() ^ lanes;  // may lie in an earlier segment, not in a later one
    return shuffle<Shuffled<T>>("__shfl_xor_sync", mask, value, source < segment(width) + width ? source : lane(),
                                {file, line});
}
template <class T>
inline netlet::sim::Shuffled<T> __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, NETLET_SITE) {
    using namespace netlet::sim;
    const int source = lane() - (int)by;
    return shuffle<Shuffled<T>>("__shfl_up_sync", mask, value, source >= segment(width) ? source : lane(),
                                {file, line});
}
template <class T>
inline netlet::sim::Shuffled<T> __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32, NETLET_SITE) {
    using namespace netlet::sim;
    const int source = lane() + (int)by;
    return shuffle<Shuffled<T>>("__shfl_down_sync", mask, value, source < segment(width) + width ? source : lane(),
                                {file, line});
}
inline unsigned __ballot_sync(unsigned mask, int predicate, NETLET_SITE) {
    return netlet::sim::vote("__ballot_sync", mask, predicate != 0, {file, line});
}
inline int __any_sync(unsigned mask, int predicate, NETLET_SITE) {
    return netlet::sim::vote("__any_sync", mask, predicate != 0, {file, line}) != 0;
}
inline int __all_sync(unsigned mask, int predicate, NETLET_SITE) {
    return netlet::sim::vote("__all_sync", mask, predicate == 0, {file, line}) == 0;
}
