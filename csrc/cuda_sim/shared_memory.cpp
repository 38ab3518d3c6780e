// The rare paths of the checks of shared memory, and asynchronous copies.
#include <cstring>
#include <vector>

#include "cuda_runtime.h"
#include "shared_sim.h"

namespace netlet::sim {

namespace {

struct Copy {
    uint32_t byte;
    int size;
    const void* from;  // null: zeros
    int group;
};
struct Copies {
    std::vector<Copy> under_way;
    int groups = 0;
};
Copies copies[most_threads];
std::vector<uint16_t> copying;  // threads that began a copy in this block

std::string place(uint32_t at) { return "byte " + std::to_string(at) + " of shared memory"; }

[[noreturn]] void report_race(uint32_t at, const char* mine, uint16_t other, const char* theirs) {
    fail("race: it " + std::string(mine) + " " + place(at) + ", which thread " + std::to_string(other) + " " + theirs +
         " with no barrier in between");
}

}  // namespace

void report_bounds(int64_t byte, size_t size, int64_t low, int64_t high) {
    const std::string access =
        "access of " + std::to_string(size) + " bytes at byte " + std::to_string(byte) + " of shared memory";
    if (byte < low || byte + (int64_t)size > high)
        fail("out of bounds: " + access + ", expected one inside of the array from byte " + std::to_string(low) +
             " to " + std::to_string(high));
    fail("misaligned: " + access);
}

void report_invalid(const Word& word, uint32_t at) {
    if (word.write_time >= now.block_start && word.in_flight)
        fail("it reads " + place(at) + " while thread " + std::to_string(word.writer) +
             " has not waited for its asynchronous copy to there (copy_async_wait)");
    fail("it reads " + place(at) + ", which is uninitialised: nothing was written there by this block");
}

void check_other_thread(Word& w, uint32_t at, unsigned bytes, Access access, const void* value) {
    const bool reads = access == Access::read;
    if (w.writer != now.thread && (w.write_bytes & bytes) && w.write_time >= unordered_since(w.writer) &&
        w.write_time >= now.block_start && !(w.atomic && access == Access::atomic)) {
        // Two threads may write the same value.
        const int size = __builtin_popcount(bytes);
        const bool same = value && !w.in_flight && std::memcmp(value, shared_memory + at, (size_t)size) == 0;
        if (!same) report_race(at, reads ? "reads" : "writes", w.writer, w.in_flight ? "copies to" : "wrote");
    }
    if (reads || !(w.read_bytes & bytes) || w.read_time < now.barrier) return;
    const bool race = w.readers == several_warps ? true
                                                 : (w.readers == one_warp || w.reader != now.thread) &&
                                                       w.read_time >= unordered_since(w.reader);
    if (race) {
        if (w.reader == now.thread)
            fail("race: it writes " + place(at) + ", which other threads read with no barrier in between");
        report_race(at, "writes", w.reader, "read");
    }
}

void begin_copy(int64_t byte, int size, const void* from) {
    Copies& mine = copies[now.thread];
    if (mine.under_way.empty() && mine.groups == 0) copying.push_back(now.thread);
    mine.under_way.push_back({(uint32_t)byte, size, from, mine.groups});
}

void end_copy_group() {
    Copies& mine = copies[now.thread];
    if (mine.under_way.empty() && mine.groups == 0) copying.push_back(now.thread);
    ++mine.groups;
}

void await_copies(int pending_groups) {
    Copies& mine = copies[now.thread];
    size_t done = 0;
    for (; done < mine.under_way.size(); ++done) {
        const Copy& copy = mine.under_way[done];
        if (copy.group >= mine.groups - pending_groups) break;
        const char zeros[16] = {};
        for (int i = 0; i < copy.size; i += 4) check_write(copy.byte + (uint32_t)i, 15, Access::write, nullptr);
        std::memcpy(shared_memory + copy.byte, copy.from ? copy.from : zeros, (size_t)copy.size);
    }
    mine.under_way.erase(mine.under_way.begin(), mine.under_way.begin() + (std::ptrdiff_t)done);
}

void begin_block_copies() {
    for (const uint16_t thread : copying) copies[thread].under_way.clear(), copies[thread].groups = 0;
    copying.clear();
}

void restart_time() {
    std::memset(static_cast<void*>(shared_words), 0, sizeof(shared_words));
    now.time = 1;
}

}  // namespace netlet::sim
