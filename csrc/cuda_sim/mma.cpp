// The layout of lanes, as in the PTX manual: with g = lane / 4 and t = lane % 4, a register of A holds the elements of
// row g (or g + 8) from column t * n on, for n elements in a register; one of B the same of column g; D has the rows
// g and g + 8, columns 2 t and 2 t + 1.
#include <cstring>

#include "cuda_runtime.h"
#include "mma_sim.h"

namespace netlet::sim {

namespace {

void require_warp(unsigned lanes) {
    if (lanes != whole_warp) fail("a tensor core instruction needs all 32 lanes of the warp");
}

template <bool Transposed> void exchange_matrix_rows(void* const* lanes, unsigned mask) {
    require_warp(mask);
    for (int l = 0; l < 32; ++l) {
        uint32_t* registers = static_cast<MatrixRow*>(lanes[l])->registers;
        const int g = l / 4, t = l % 4;
        for (int m = 0; m < 4; ++m) {
            const auto element = [&](int row, int column) -> uint32_t {
                return static_cast<MatrixRow*>(lanes[m * 8 + row])->row[column];
            };
            registers[m] = Transposed ? element(2 * t, g) | element(2 * t + 1, g) << 16
                                      : element(g, 2 * t) | element(g, 2 * t + 1) << 16;
        }
    }
}

float bf16_value(uint32_t bits) { return __uint_as_float(bits << 16); }
float f16_value(uint32_t bits) {
    const uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ffu;
    if (exponent == 31) return __uint_as_float(sign | 0x7f800000u | fraction << 13);
    const float magnitude =
        exponent ? ldexpf((float)(fraction | 0x400u), (int)exponent - 25) : ldexpf((float)fraction, -24);
    return sign ? -magnitude : magnitude;
}
float tf32_value(uint32_t bits) { return __uint_as_float(bits & ~0x1fffu); }

// d += a b, with N elements of `value` in a register, and K = 8 N.
template <int N, class D, class Sum, class ValueA, class ValueB>
void multiply(void* const* lanes, unsigned mask, ValueA value_a, ValueB value_b) {
    require_warp(mask);
    constexpr int K = 8 * N, bits = 32 / N;
    constexpr int registers_a = K == 8 ? 4 : 4, halves = 2;  // two halves of K, each 4 lanes of N elements
    static_assert(halves * 4 * N == K && registers_a == 4);
    Sum a[16][K], b[8][K];
    for (int l = 0; l < 32; ++l) {
        const Fragments& f = *static_cast<Fragments*>(lanes[l]);
        const int g = l / 4, t = l % 4;
        for (int half = 0; half < 2; ++half)
            for (int e = 0; e < N; ++e) {
                const int k = half * 4 * N + t * N + e;
                a[g][k] = (Sum)value_a(f.a[2 * half] >> (e * bits % 32));
                a[g + 8][k] = (Sum)value_a(f.a[2 * half + 1] >> (e * bits % 32));
                b[g][k] = (Sum)value_b(f.b[half] >> (e * bits % 32));
            }
    }
    for (int l = 0; l < 32; ++l) {
        D* d = static_cast<D*>(static_cast<Fragments*>(lanes[l])->d);
        for (int i = 0; i < 4; ++i) {
            const Sum *row = a[l / 4 + i / 2 * 8], *column = b[l % 4 * 2 + i % 2];
            Sum sum = (Sum)d[i];
            for (int k = 0; k < K; ++k) sum += row[k] * column[k];
            d[i] = (D)sum;
        }
    }
}

}  // namespace

void exchange_rows(void* const* lanes, unsigned mask) { exchange_matrix_rows<false>(lanes, mask); }
void exchange_rows_transposed(void* const* lanes, unsigned mask) { exchange_matrix_rows<true>(lanes, mask); }

void multiply_bf16(void* const* lanes, unsigned mask) {
    const auto value = [](uint32_t bits) { return bf16_value(bits & 0xffffu); };
    multiply<2, float, double>(lanes, mask, value, value);
}
void multiply_f16(void* const* lanes, unsigned mask) {
    const auto value = [](uint32_t bits) { return f16_value(bits & 0xffffu); };
    multiply<2, float, double>(lanes, mask, value, value);
}
void multiply_tf32(void* const* lanes, unsigned mask) {
    multiply<1, float, double>(lanes, mask, tf32_value, tf32_value);
}
void multiply_s8s8(void* const* lanes, unsigned mask) {
    const auto value = [](uint32_t bits) { return (int8_t)bits; };
    multiply<4, int32_t, uint32_t>(lanes, mask, value, value);
}
void multiply_u8s8(void* const* lanes, unsigned mask) {
    multiply<4, int32_t, uint32_t>(
        lanes, mask, [](uint32_t bits) { return (uint8_t)bits; }, [](uint32_t bits) { return (int8_t)bits; });
}

}  // namespace netlet::sim
