// Tensor core instructions of the simulated GPU, with the layout of lanes that the PTX manual documents. The lanes hand
// over their registers by a barrier of the warp.
#pragma once
#include "scheduler.h"
#include "shared_sim.h"

namespace netlet::sim {

constexpr unsigned whole_warp = 0xffffffffu;

struct MatrixRow {  // what a lane brings to ldmatrix, and what it takes
    uint16_t row[8];
    uint32_t* registers;
};
void exchange_rows(void* const* lanes, unsigned mask);
void exchange_rows_transposed(void* const* lanes, unsigned mask);

struct Fragments {
    void* d;
    const uint32_t *a, *b;
};
void multiply_bf16(void* const* lanes, unsigned mask);
void multiply_f16(void* const* lanes, unsigned mask);
void multiply_tf32(void* const* lanes, unsigned mask);
void multiply_s8s8(void* const* lanes, unsigned mask);
void multiply_u8s8(void* const* lanes, unsigned mask);

}  // namespace netlet::sim

namespace netlet::cuda {

template <class T>
inline void ldmatrix_x4(uint32_t (&r)[4], Shared<T> row, NETLET_SITE, sim::Exchange exchange = sim::exchange_rows) {
    const uint4 bytes = row.template get<uint4>();
    sim::MatrixRow mine;
    std::memcpy(mine.row, &bytes, sizeof(bytes));
    mine.registers = r;
    sim::warp_barrier("ldmatrix", sim::whole_warp, exchange, &mine, {file, line});
}
template <class T> inline void ldmatrix_x4_transposed(uint32_t (&r)[4], Shared<T> row, NETLET_SITE) {
    ldmatrix_x4(r, row, file, line, sim::exchange_rows_transposed);
}

#define NETLET_MMA(name, D, exchange)                                                                                  \
    inline void name(D(&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], NETLET_SITE) {                          \
        sim::Fragments mine{d, a, b};                                                                                  \
        sim::warp_barrier(#name, sim::whole_warp, exchange, &mine, {file, line});                                      \
    }
NETLET_MMA(mma_m16n8k16_bf16, float, sim::multiply_bf16)
NETLET_MMA(mma_m16n8k16_f16, float, sim::multiply_f16)
NETLET_MMA(mma_m16n8k8_tf32, float, sim::multiply_tf32)
NETLET_MMA(mma_m16n8k32_s8s8, int32_t, sim::multiply_s8s8)
NETLET_MMA(mma_m16n8k32_u8s8, int32_t, sim::multiply_u8s8)
#undef NETLET_MMA

inline uint32_t to_tf32(float x) {
    const uint32_t bits = __float_as_uint(x);
    if ((bits & 0x7f800000u) == 0x7f800000u) return bits & 0x7fffffu ? 0x7fffffffu : bits;  // NaN, infinity
    return (bits + 0x1000u) & ~0x1fffu;  // to the nearest, ties away from zero
}

}  // namespace netlet::cuda
