#include "scheduler.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <numeric>
#include <vector>

#include "cuda_runtime.h"
#include "fiber.h"
#include "memory_fault.h"
#include "shared_sim.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace netlet::sim {

Now now;

namespace {

enum class State : uint8_t { fresh, ready, at_block_barrier, at_warp_barrier, done };

struct Thread {
    Context context;
    State state;
    int stack;
    Site site;  // of the barrier where it waits, with the name of the call
    const char* name;
    unsigned mask;
    Exchange exchange;
    void* data;
};

Thread threads[most_threads];
uint16_t runnable[most_threads];  // threads that are fresh or ready
int runnable_count;
unsigned waiting_lanes[most_threads / 32], done_lanes[most_threads / 32];
int at_barrier, done;
std::vector<int> free_stacks;
int stacks;
int running_stack;
const Kernel* kernel;
std::string error;
Context host;
uint64_t random_state = 1;

Thread& current() { return threads[now.thread]; }
int lane_of(int thread) { return thread % 32; }

std::string in_hex(unsigned mask) {
    char text[16];
    snprintf(text, sizeof(text), "0x%08x", mask);
    return text;
}
std::string str(Site site) {
    const char* slash = strrchr(site.file, '/');
    return std::string(slash ? slash + 1 : site.file) + ":" + std::to_string(site.line);
}

void set_ready(int thread) {
    threads[thread].state = State::ready;
    runnable[runnable_count++] = (uint16_t)thread;
}

[[noreturn]] void fail_block(const std::string& message) {
    error = std::string("kernel ") + kernel->name + ", block (" + std::to_string(blockIdx.x) + ", " +
            std::to_string(blockIdx.y) + ", " + std::to_string(blockIdx.z) + ")" + message;
    Context abandoned;
    switch_stack(abandoned, host);
    abort();  // an abandoned thread does not go on
}

// Where a thread waits, for a message.
std::string where(const Thread& t) {
    if (t.state == State::done) return "returned";
    if (t.state == State::at_block_barrier) return "at __syncthreads, " + str(t.site);
    return "at " + std::string(t.name) + " with mask " + in_hex(t.mask) + ", " + str(t.site);
}

// Nothing can run: the threads wait for each other.
[[noreturn]] void report_deadlock() {
    std::string message = ": no thread can go on";
    std::map<std::string, std::vector<int>> places;
    for (int t = 0; t < kernel->threads; ++t) places[where(threads[t])].push_back(t);
    for (const auto& [place, there] : places) {
        message += "; " + std::to_string(there.size()) + " threads (" + std::to_string(there[0]);
        for (size_t i = 1; i < there.size() && i < 4; ++i) message += ", " + std::to_string(there[i]);
        message += (there.size() > 4 ? ", ...) " : ") ") + place;
    }
    fail_block(message);
}

void thread_main();

// The next thread, which is `current` then.
Thread& choose() {
    if (runnable_count == 0) report_deadlock();
    const uint32_t at = random_below((uint32_t)runnable_count);
    now.thread = runnable[at];
    runnable[at] = runnable[--runnable_count];
    threadIdx.x = now.thread;
    return current();
}

// Lets other threads run until this one can go on.
void wait() {
    Thread& self = current();
    self.stack = running_stack;
    Thread& next = choose();
    if (&next == &self) return;
    if (next.state == State::fresh) {
        if (free_stacks.empty()) free_stacks.push_back(stacks++);
        running_stack = free_stacks.back();
        free_stacks.pop_back();
        start_stack(self.context, running_stack, thread_main);
    } else {
        running_stack = next.stack;
        switch_stack(self.context, next.context);
    }
}

void complete_block_barrier() {
    for (int t = 0; t < kernel->threads; ++t)
        if (threads[t].state == State::at_block_barrier) set_ready(t);
    at_barrier = 0;
    now.barrier = ++now.time;
    std::fill(std::begin(now.warp_barrier), std::end(now.warp_barrier), now.time);
}

// Lets the lanes go on if all lanes of the mask that have not returned are there.
bool complete_warp_barrier(int warp, unsigned mask, Exchange exchange) {
    const unsigned lanes = mask & ~done_lanes[warp];
    if ((waiting_lanes[warp] & lanes) != lanes) return false;
    if (exchange) {
        void* data[32];
        for (int l = 0; l < 32; ++l) data[l] = lanes >> l & 1 ? threads[warp * 32 + l].data : nullptr;
        exchange(data, lanes);
    }
    now.warp_barrier[warp] = ++now.time;
    waiting_lanes[warp] &= ~lanes;
    for (unsigned left = lanes; left; left &= left - 1) set_ready(warp * 32 + __builtin_ctz(left));
    return true;
}

// A thread has returned: who waited for it alone can go on.
void after_return() {
    const int warp = now.thread / 32;
    current().state = State::done;
    ++done;
    done_lanes[warp] |= 1u << lane_of(now.thread);
    if (at_barrier && at_barrier + done == kernel->threads) complete_block_barrier();
    for (unsigned left = waiting_lanes[warp]; left;) {
        const Thread& waiting = threads[warp * 32 + __builtin_ctz(left)];
        left &= ~waiting.mask;
        complete_warp_barrier(warp, waiting.mask, waiting.exchange);
    }
}

// What a stack runs: one thread after the other, until one has to wait.
void thread_main() {
    for (;;) {
        kernel->body(kernel->args);
        after_return();
        Context finished;
        if (done == kernel->threads) switch_stack(finished, host);
        if (choose().state == State::fresh) continue;
        free_stacks.push_back(running_stack);
        running_stack = current().stack;
        switch_stack(finished, current().context);
    }
}

void run_block() {
    runnable_count = kernel->threads;
    for (int t = 0; t < kernel->threads; ++t) threads[t].state = State::fresh, runnable[t] = (uint16_t)t;
    std::fill(std::begin(waiting_lanes), std::end(waiting_lanes), 0u);
    for (int w = 0; w < most_threads / 32; ++w) {
        const int lanes = std::clamp(kernel->threads - w * 32, 0, 32);
        done_lanes[w] = lanes == 32 ? 0u : ~0u << lanes;  // lanes that do not exist count as returned
    }
    at_barrier = done = 0;
    now.block_start = now.barrier = ++now.time;
    std::fill(std::begin(now.warp_barrier), std::end(now.warp_barrier), now.time);
    begin_block_copies();
    choose();
    running_stack = free_stacks.back();
    free_stacks.pop_back();
    start_stack(host, running_stack, thread_main);
}

}  // namespace

void seed_random(uint64_t seed) { random_state = seed * 0x9E3779B97F4A7C15ull + 1; }

uint32_t random_below(uint32_t n) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(((random_state >> 32) * n) >> 32);
}

void fail(const std::string& message) { fail_block(", thread " + std::to_string(now.thread) + ": " + message); }

void block_barrier(Site site) {
    Thread& self = current();
    if (at_barrier) {
        for (int t = 0; t < kernel->threads; ++t) {  // the first that waits speaks for all
            if (threads[t].state != State::at_block_barrier) continue;
            if (threads[t].site == site) break;
            fail("divergent __syncthreads: it is at " + str(site) + " while thread " + std::to_string(t) +
                 " waits at " + str(threads[t].site));
        }
    }
    self.state = State::at_block_barrier;
    self.site = site;
    if (++at_barrier + done == kernel->threads) complete_block_barrier();
    wait();
}

void warp_barrier(const char* name, unsigned mask, Exchange exchange, void* data, Site site) {
    Thread& self = current();
    const int warp = now.thread / 32, lane = lane_of(now.thread);
    if (!(mask >> lane & 1))
        fail(std::string(name) + " at " + str(site) + ": lane " + std::to_string(lane) + " is not in its own mask " +
             in_hex(mask));
    for (unsigned left = waiting_lanes[warp]; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        const Thread& other = threads[warp * 32 + l];
        if (other.mask == mask && other.name == name && other.site == site) break;  // as are all others of this mask
        if (!(mask >> l & 1) && !(other.mask >> lane & 1)) continue;
        fail(std::string(name) + " at " + str(site) + " with mask " + in_hex(mask) + ": lane " + std::to_string(l) +
             " waits at " + other.name + ", " + str(other.site) + ", with mask " + in_hex(other.mask) +
             "; expected the same call and mask");
    }
    self.state = State::at_warp_barrier;
    self.name = name;
    self.site = site;
    self.mask = mask;
    self.exchange = exchange;
    self.data = data;
    waiting_lanes[warp] |= 1u << lane;
    complete_warp_barrier(warp, mask, exchange);
    wait();
}

std::string run(const Kernel& k) {
    kernel = &k;
    error.clear();
    blockDim = dim3((unsigned)k.threads);
    gridDim = dim3(k.grid[0], k.grid[1], k.grid[2]);
    now.shared_bytes = k.shared_bytes;
    if (now.time > 1u << 31) restart_time();
    const uint64_t plane = (uint64_t)k.grid[0] * k.grid[1], blocks = plane * k.grid[2];
    std::vector<uint32_t> order(blocks);
    std::iota(order.begin(), order.end(), 0u);
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random_below((uint32_t)i)]);
    if (free_stacks.empty()) free_stacks.push_back(stacks++);
    const CatchMemoryFaults catch_faults;
    for (const uint32_t block : order) {
        blockIdx = {(unsigned)(block % k.grid[0]), (unsigned)(block % plane / k.grid[0]), (unsigned)(block / plane)};
        run_block();
        if (error.empty()) {
            free_stacks.push_back(running_stack);
            continue;
        }
        free_stacks.resize((size_t)stacks);  // the stacks of abandoned threads are free again
        std::iota(free_stacks.begin(), free_stacks.end(), 0);
        break;
    }
    return error;
}

void exchange_shuffles(void* const* lanes, unsigned mask) {
    uint64_t values[32];
    for (unsigned left = mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        values[l] = static_cast<Shuffle*>(lanes[l])->value;
    }
    for (unsigned left = mask; left; left &= left - 1) {
        Shuffle& s = *static_cast<Shuffle*>(lanes[__builtin_ctz(left)]);
        if (!(mask >> (s.source & 31) & 1))
            fail("lane " + std::to_string(__builtin_ctz(left)) + " reads from lane " + std::to_string(s.source) +
                 " by a shuffle, which is not in the mask or has returned");
        s.value = values[s.source & 31];
    }
}

void exchange_votes(void* const* lanes, unsigned mask) {
    unsigned votes = 0;
    for (unsigned left = mask; left; left &= left - 1)
        if (static_cast<Vote*>(lanes[__builtin_ctz(left)])->mine) votes |= 1u << __builtin_ctz(left);
    for (unsigned left = mask; left; left &= left - 1) static_cast<Vote*>(lanes[__builtin_ctz(left)])->votes = votes;
}

}  // namespace netlet::sim
