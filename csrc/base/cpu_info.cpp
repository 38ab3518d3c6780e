#include "base/cpu_info.h"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "base/compiler.h"

#if defined(__linux__)
#include <sched.h>
#if defined(NETLET_AARCH64)
#include <sys/auxv.h>
#endif
#endif

namespace netlet {

#if defined(NETLET_X86_64)
namespace {

constexpr bool bit(uint32_t word, int i) { return word >> i & 1; }

// The features of Intel's manual, volume 2A, CPUID, that the kernels use, as far as the operating system saves the
// registers.
struct Features {
    bool avx2 = false, avx512 = false, avx2_vnni = false, avx512_vnni = false, avx512_bf16 = false;

    Features() {
        const CpuId basic = cpuid(1, 0), extended = cpuid(7, 0), more = extended.eax >= 1 ? cpuid(7, 1) : CpuId{};
        const bool osxsave = bit(basic.ecx, 27), fma = bit(basic.ecx, 12), f16c = bit(basic.ecx, 29);
        const uint64_t saved = osxsave ? saved_registers() : 0;
        constexpr uint64_t ymm = 0x06, zmm = 0xe6;
        avx2 = (saved & ymm) == ymm && fma && f16c && bit(extended.ebx, 5);
        avx512 = avx2 && (saved & zmm) == zmm && bit(extended.ebx, 16) && bit(extended.ebx, 17) &&
                 bit(extended.ebx, 30) && bit(extended.ebx, 31);  // F, DQ, BW, VL
        avx2_vnni = avx2 && bit(more.eax, 4);
        avx512_vnni = avx512 && bit(extended.ecx, 11);
        avx512_bf16 = avx512_vnni && bit(more.eax, 5);
    }
};
const Features& features() {
    static const Features found;
    return found;
}

}  // namespace

bool cpu_has_avx2() { return features().avx2; }
bool cpu_has_avx512() { return features().avx512; }
bool cpu_has_avx2_vnni() { return features().avx2_vnni; }
bool cpu_has_avx512_vnni() { return features().avx512_vnni; }
bool cpu_has_avx512_bf16() { return features().avx512_bf16; }
bool cpu_has_neon_dot() { return false; }
#else
bool cpu_has_avx2() { return false; }
bool cpu_has_avx512() { return false; }
bool cpu_has_avx2_vnni() { return false; }
bool cpu_has_avx512_vnni() { return false; }
bool cpu_has_avx512_bf16() { return false; }
bool cpu_has_neon_dot() {
#if defined(__linux__) && defined(NETLET_AARCH64)
    return getauxval(AT_HWCAP) >> 20 & 1;  // HWCAP_ASIMDDP
#elif defined(__APPLE__) && defined(NETLET_AARCH64)
    return true;  // every Mac with Apple's own processors
#else
    return false;
#endif
}
#endif

namespace {

// Reads up to two numbers at the beginning of a file; returns how many there were. By C's functions: a std::ifstream,
// the only stream of the module, would put 0.7 MB of libstdc++ into a wheel (docs/internals/releasing.md).
int read_numbers(const char* path, double* first, double* second) {
    std::FILE* file = std::fopen(path, "r");
    if (!file) return 0;
    const int found = std::fscanf(file, "%lf %lf", first, second);
    std::fclose(file);
    return found;
}

// The CPU quota of the control group, in CPUs; 0 if there is no limit, which version 2 writes as "max", version 1 as -1.
double cgroup_quota() {
    double us = 0, period = 0, unused = 0;
    if (read_numbers("/sys/fs/cgroup/cpu.max", &us, &period) == 2 && period > 0) return us / period;
    if (read_numbers("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", &us, &unused) >= 1 && us > 0 &&
        read_numbers("/sys/fs/cgroup/cpu/cpu.cfs_period_us", &period, &unused) >= 1 && period > 0)
        return us / period;
    return 0;
}

}  // namespace

int usable_cpus() {
    int n = (int)std::thread::hardware_concurrency();
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) n = CPU_COUNT(&set);
#endif
    if (double quota = cgroup_quota(); quota > 0) n = std::min(n, (int)quota);
    return std::max(n, 1);
}

}  // namespace netlet
