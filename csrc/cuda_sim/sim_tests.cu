// What tests/devices/test_simulation.py asks the simulation's tensor core instructions and shuffles.
#include <memory>
#include <string>

#include "base/device.h"
#include "cuda/launch.h"
#include "cuda/mma.h"
#include "cuda/reduce.h"
#include "runtime.h"

namespace netlet::cuda {
namespace {

// The registers of the 32 lanes: a[32][4], b[32][2], d[32][4], in and out.
struct MmaArgs {
    const uint32_t *a, *b;
    uint32_t* d;
    int kind;
};

template <auto Instruction, class D> __device__ void multiply(const MmaArgs& m, D zero) {
    const int l = (int)threadIdx.x;
    uint32_t a[4], b[2];
    D d[4] = {zero, zero, zero, zero};
    for (int i = 0; i < 4; ++i) a[i] = m.a[l * 4 + i];
    for (int i = 0; i < 2; ++i) b[i] = m.b[l * 2 + i];
    for (int i = 0; i < 4; ++i) memcpy(&d[i], &m.d[l * 4 + i], 4);
    Instruction(d, a, b);
    for (int i = 0; i < 4; ++i) memcpy(&m.d[l * 4 + i], &d[i], 4);
}

__device__ void mma(MmaArgs m) {
    const auto bf16 = [](auto& d, auto& a, auto& b) { mma_m16n8k16_bf16(d, a, b); };
    const auto f16 = [](auto& d, auto& a, auto& b) { mma_m16n8k16_f16(d, a, b); };
    const auto tf32 = [](auto& d, auto& a, auto& b) { mma_m16n8k8_tf32(d, a, b); };
    const auto s8s8 = [](auto& d, auto& a, auto& b) { mma_m16n8k32_s8s8(d, a, b); };
    const auto u8s8 = [](auto& d, auto& a, auto& b) { mma_m16n8k32_u8s8(d, a, b); };
    if (m.kind == 0) multiply<bf16>(m, 0.f);
    if (m.kind == 1) multiply<f16>(m, 0.f);
    if (m.kind == 2) multiply<tf32>(m, 0.f);
    if (m.kind == 3) multiply<s8s8>(m, (int32_t)0);
    if (m.kind == 4) multiply<u8s8>(m, (int32_t)0);
}

// a: four 8x8 matrices of 16 bits; d: the registers. kind 1 transposes.
__device__ void load_matrices(MmaArgs m) {
    auto s = shared_array<uint16_t>(0, 4 * 8 * 8);
    const int l = (int)threadIdx.x;
    for (int i = 0; i < 4; ++i) {
        s[l * 8 + 2 * i] = (uint16_t)m.a[l * 4 + i];
        s[l * 8 + 2 * i + 1] = (uint16_t)(m.a[l * 4 + i] >> 16);
    }
    __syncwarp();
    uint32_t r[4];
    if (m.kind)
        ldmatrix_x4_transposed<uint16_t>(r, s + l * 8);
    else
        ldmatrix_x4<uint16_t>(r, s + l * 8);
    for (int i = 0; i < 4; ++i) m.d[l * 4 + i] = r[i];
}

// d[l]: the lane that lane l reads from, by each shuffle with each width: [4][6][32].
__device__ void shuffles(MmaArgs m) {
    const int l = (int)threadIdx.x, by = m.kind;
    for (int w = 0; w < 6; ++w) {
        m.d[(0 * 6 + w) * 32 + l] = __shfl_sync(all_lanes, (uint32_t)l, by, 1 << w);
        m.d[(1 * 6 + w) * 32 + l] = __shfl_xor_sync(all_lanes, (uint32_t)l, by, 1 << w);
        m.d[(2 * 6 + w) * 32 + l] = __shfl_up_sync(all_lanes, (uint32_t)l, (unsigned)by, 1 << w);
        m.d[(3 * 6 + w) * 32 + l] = __shfl_down_sync(all_lanes, (uint32_t)l, (unsigned)by, 1 << w);
    }
}

// d: the votes of lanes whose bit of a[0] is set, then the sum, the largest and the smallest of a[0..255].
__device__ void votes_and_reductions(MmaArgs m) {
    const int t = (int)threadIdx.x, l = t % 32;
    const int mine = (int)(m.a[0] >> l & 1);
    const unsigned ballot = __ballot_sync(all_lanes, mine);
    const int any = __any_sync(all_lanes, mine), all = __all_sync(all_lanes, mine);
    auto scratch = shared_array<uint32_t>(0, 8);
    const uint32_t sum = reduce_block<256>(m.a[t], scratch, Plus{});
    const uint32_t largest = reduce_block<256>(m.a[t], scratch, Larger{});
    const uint32_t smallest = reduce_block<256>(m.a[t], scratch, Smaller{});
    const uint32_t results[6] = {ballot, (uint32_t)any, (uint32_t)all, sum, largest, smallest};
    for (int i = 0; i < 6; ++i) m.d[t * 6 + i] = results[i];
}

void launch_test(const void* args, int64_t which, Stream& s) {
    const MmaArgs& m = *static_cast<const MmaArgs*>(args);
    if (which == 0) launch<mma, 32>(s, 1, 0, m);
    if (which == 1) launch<load_matrices, 32>(s, 1, 512, m);
    if (which == 2) launch<shuffles, 32>(s, 1, 0, m);
    if (which == 3) launch<votes_and_reductions, 256>(s, 1, 32, m);
}

}  // namespace
}  // namespace netlet::cuda

// Runs one of the kernels above. Returns null, or the message of the error.
extern "C" __attribute__((visibility("default"))) const char* netlet_sim_test(int which, int kind, const uint32_t* a,
                                                                              int size_a, const uint32_t* b, int size_b,
                                                                              uint32_t* d, int size_d) {
    using namespace netlet;
    static std::string message;
    const std::unique_ptr<Backend> backend = sim::make_backend();
    void* memory[3] = {};
    const auto run = [&]() -> const char* {
        const void* from[3] = {a, b, d};
        const int sizes[3] = {size_a, size_b, size_d};
        for (int i = 0; i < 3; ++i) {
            if (const char* error = backend->allocate(0, (size_t)sizes[i] * 4, memory[i])) return error;
            if (const char* error = backend->to_device(0, memory[i], from[i], (size_t)sizes[i] * 4)) return error;
        }
        const cuda::MmaArgs args{static_cast<uint32_t*>(memory[0]), static_cast<uint32_t*>(memory[1]),
                                 static_cast<uint32_t*>(memory[2]), kind};
        if (const char* error = backend->launch(0, cuda::launch_test, &args, which, Gate{})) return error;
        return backend->to_host(0, d, memory[2], (size_t)size_d * 4);
    };
    const char* error = run();
    message = error ? error : "";
    for (void* each : memory) backend->release(0, each);
    sim::revive();
    return error ? message.c_str() : nullptr;
}
