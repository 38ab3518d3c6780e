// On which CPU threads run, and where a sleeping one wakes up. On Linux; elsewhere nothing is known and nothing moves.
#pragma once
#include <cstddef>
#include <thread>

namespace netlet {

// The CPU that the calling thread runs on; -1 if it is not known.
int current_cpu();

// The CPUs that a thread may use, as the system knows them.
struct Affinity {
    alignas(alignof(std::max_align_t)) unsigned char mask[128];
};

// Takes `cpu` from the CPUs that a thread may use. `before` becomes what they were. False, and nothing has changed, if it
// has no other CPU or the system refuses.
bool keep_off(std::thread& thread, int cpu, Affinity& before);
void allow(std::thread& thread, const Affinity& cpus);

}  // namespace netlet
