#include "device_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>

namespace netlet::sim {

namespace {

constexpr size_t page = 4096, alignment = 256, range_bytes = size_t(1) << 40;

size_t used = 0;
std::map<uintptr_t, size_t> allocations, pinned;  // begin -> bytes

char* range_begin() {
    static char* const begin = [] {
        void* memory = mmap(nullptr, range_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
    }();
    return begin;
}
size_t next_offset = page;

size_t pages_of(size_t bytes) { return (bytes + page - 1) / page * page; }

bool lies_in(const std::map<uintptr_t, size_t>& map, const void* memory, size_t bytes) {
    const auto begin = reinterpret_cast<uintptr_t>(memory);
    auto after = map.upper_bound(begin);
    if (after == map.begin()) return false;
    --after;
    return begin - after->first <= after->second && bytes <= after->second - (begin - after->first);
}

}  // namespace

size_t device_capacity() {
    static const size_t bytes = [] {
        const char* text = getenv("NETLET_SIM_MEMORY");
        return text ? (size_t)strtoull(text, nullptr, 10) : size_t(4) << 30;
    }();
    return bytes;
}
size_t device_used() { return used; }

void* allocate_device(size_t bytes) {
    const size_t pages = pages_of(bytes);
    if (!range_begin() || bytes > device_capacity() - used || next_offset + pages + page > range_bytes) return nullptr;
    char* first = range_begin() + next_offset;
    if (mprotect(first, pages, PROT_READ | PROT_WRITE) != 0) return nullptr;
    next_offset += pages + page;
    // At the end of its pages, so that what follows is out of bounds.
    char* begin = first + (pages - bytes) / alignment * alignment;
    std::memset(first, 0xff, pages);
    allocations[reinterpret_cast<uintptr_t>(begin)] = bytes;
    used += bytes;
    return begin;
}

bool release_device(void* memory) {
    const auto found = allocations.find(reinterpret_cast<uintptr_t>(memory));
    if (found == allocations.end()) return false;
    const uintptr_t first = found->first / page * page;
    used -= found->second;
    mmap(reinterpret_cast<void*>(first), pages_of(found->second), PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    allocations.erase(found);
    return true;
}

bool is_device(const void* memory, size_t bytes) { return lies_in(allocations, memory, bytes); }

void* allocate_pinned(size_t bytes) {
    void* memory = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (memory) pinned[reinterpret_cast<uintptr_t>(memory)] = bytes;
    return memory;
}
bool release_pinned(void* memory) {
    if (!pinned.erase(reinterpret_cast<uintptr_t>(memory))) return false;
    free(memory);
    return true;
}
bool is_pinned(const void* memory, size_t bytes) { return lies_in(pinned, memory, bytes); }

std::string describe_device_address(const void* address) {
    const auto at = reinterpret_cast<uintptr_t>(address), range = reinterpret_cast<uintptr_t>(range_begin());
    if (at < range || at >= range + range_bytes) return {};
    auto after = allocations.upper_bound(at);
    if (after != allocations.begin()) {
        const auto& [begin, bytes] = *std::prev(after);
        if (at < (begin + bytes) / page * page + 2 * page)
            return "byte " + std::to_string(at - begin) + " of an allocation of " + std::to_string(bytes) + " bytes";
    }
    if (after != allocations.end() && after->first / page * page - at <= page)
        return std::to_string(after->first - at) + " bytes before an allocation of " + std::to_string(after->second) +
               " bytes";
    return "device memory that was released or never allocated";
}

const char* wrong_pointer(uint64_t word) {
    const void* pointer = reinterpret_cast<const void*>(word);
    const auto range = reinterpret_cast<uintptr_t>(range_begin());
    if (word >= range && word < range + range_bytes) {
        // A page before or after an allocation is no error: only an access to it would be.
        if (is_device(pointer, 0) || word - range >= next_offset) return nullptr;
        return "points to device memory that was released or never allocated";
    }
    // Memory of the host is mapped high up, or in the heap of a program that is not position-independent. Numbers that
    // look the same are unlikely.
    const uint64_t top = reinterpret_cast<uintptr_t>(sbrk(0)), heap_most = uint64_t(1) << 30;
    const bool high = word >= 0x550000000000 && word < 0x800000000000;
    const bool heap = top < 0x100000000 && word < top && word + heap_most > top && word % 16 == 0 && word > 0x400000;
    if (!high && !heap) return nullptr;
    unsigned char resident;
    if (mincore(reinterpret_cast<void*>(word / page * page), 1, &resident) != 0 || is_pinned(pointer, 0))
        return nullptr;
    return "points to memory of the host";
}

}  // namespace netlet::sim
