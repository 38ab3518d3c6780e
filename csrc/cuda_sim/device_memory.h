// The memory of the simulated GPU: a range of addresses of its own, which are never used twice. Around each allocation
// and in what was released, there is no access.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace netlet::sim {

// Null if there is not enough memory. Filled with bytes 0xff: NaN in every float format.
void* allocate_device(size_t bytes);
bool release_device(void* memory);
size_t device_capacity(), device_used();

void* allocate_pinned(size_t bytes);
bool release_pinned(void* memory);
bool is_pinned(const void* memory, size_t bytes);

// Whether all of it lies in one allocation that was not released.
bool is_device(const void* memory, size_t bytes);

// "byte 68 of an allocation of 64 bytes" for an address near the end of one, or what else it is in the range of device
// memory; empty if it is not there.
std::string describe_device_address(const void* address);

// What a kernel may not be given: null if it may be given the word, or what is wrong with it as a pointer.
const char* wrong_pointer(uint64_t word);

}  // namespace netlet::sim
