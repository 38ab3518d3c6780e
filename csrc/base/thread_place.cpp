#include "base/thread_place.h"

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>

#include <cstring>
#endif

namespace netlet {

#if defined(__linux__)

static_assert(sizeof(cpu_set_t) == sizeof(Affinity));

int current_cpu() { return sched_getcpu(); }

// The system refuses a mask that is too small for its number of CPUs, which on machines with more than 1024 leaves
// threads where they are.
bool keep_off(std::thread& thread, int cpu, Affinity& before) {
    cpu_set_t cpus;
    if (cpu < 0 || cpu >= CPU_SETSIZE || pthread_getaffinity_np(thread.native_handle(), sizeof cpus, &cpus) != 0)
        return false;
    std::memcpy(&before, &cpus, sizeof cpus);
    CPU_CLR((size_t)cpu, &cpus);
    return CPU_COUNT(&cpus) > 0 && pthread_setaffinity_np(thread.native_handle(), sizeof cpus, &cpus) == 0;
}

void allow(std::thread& thread, const Affinity& cpus) {
    cpu_set_t set;
    std::memcpy(&set, &cpus, sizeof set);
    pthread_setaffinity_np(thread.native_handle(), sizeof set, &set);
}

#else

int current_cpu() { return -1; }
bool keep_off(std::thread&, int, Affinity&) { return false; }
void allow(std::thread&, const Affinity&) {}

#endif

}  // namespace netlet
