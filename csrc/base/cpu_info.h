// Which instruction sets this process can use: the CPU must have them and the operating system must save their
// registers.
#pragma once

namespace netlet {

bool cpu_has_avx2();    // AVX2 + FMA + F16C
bool cpu_has_avx512();  // AVX-512 F, BW, DQ, VL (every server chip since Skylake)
// The same plus dot products of bytes (VNNI).
bool cpu_has_avx2_vnni();
bool cpu_has_avx512_vnni();
bool cpu_has_avx512_bf16();  // VNNI plus dot products of bfloat16
bool cpu_has_neon_dot();     // Armv8.2 dot products of bytes

// The number of processors in this process's affinity mask, limited by the container's CPU quota (rounded down); at
// least 1.
int usable_cpus();

}  // namespace netlet
