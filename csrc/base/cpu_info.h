// What this CPU can run, asked once of the CPU and of the operating system (which must save the wide registers).
#pragma once

namespace netlet {

bool cpu_has_avx2();    // AVX2 + FMA + F16C
bool cpu_has_avx512();  // AVX-512 F, BW, DQ, VL (every server chip since Skylake)
// The same with dot products of bytes (VNNI) and of bfloat16.
bool cpu_has_avx2_vnni();
bool cpu_has_avx512_vnni();
bool cpu_has_avx512_bf16();  // and VNNI
bool cpu_has_neon_dot();     // Armv8.2 dot products of bytes

// Processors that this process may use: its affinity mask, cut down to the container's CPU quota (rounded down, at least 1).
int usable_cpus();

}  // namespace netlet
