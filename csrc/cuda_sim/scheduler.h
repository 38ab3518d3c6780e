// Runs the blocks of a kernel, one after the other, on the calling thread of the host. Each thread of a block is a
// fiber: it runs until it waits at a barrier, then another thread that can go on is chosen at random
// (NETLET_SIM_SEED), so that a missing barrier is soon noticed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace netlet::sim {

constexpr int most_threads = 1024;          // of a block
constexpr size_t most_shared = 227 * 1024;  // bytes of a block, as on compute capability 9.0

// Where a barrier stands in the source.
struct Site {
    const char* file;
    int line;
    bool operator==(const Site&) const = default;
};

struct Kernel {
    const char* name;
    unsigned grid[3];
    int threads;
    size_t shared_bytes;
    void (*body)(const void* args);  // of one thread
    const void* args;
};

// Runs all blocks. Returns the error, or an empty string.
std::string run(const Kernel& kernel);

// Ends the kernel that runs with an error; its threads are abandoned. Called by one of its threads only.
[[noreturn]] void fail(const std::string& message);

void block_barrier(Site site);

// Waits for the lanes of `mask`. The last one to come calls exchange(data, lanes), with the `data` of each of the
// lanes that wait (data[l] is null for the others).
using Exchange = void (*)(void* const* data, unsigned lanes);
void warp_barrier(const char* name, unsigned mask, Exchange exchange, void* data, Site site);

// What the checks of shared memory know about the thread that runs. Times count barriers.
struct Now {
    uint32_t time;         // of the latest barrier of any kind
    uint32_t block_start;  // when the block began
    uint32_t barrier;      // when the block's threads last met
    uint32_t warp_barrier[most_threads / 32];
    uint16_t thread;
    size_t shared_bytes;
};
extern Now now;

void seed_random(uint64_t seed);
uint32_t random_below(uint32_t n);

}  // namespace netlet::sim
