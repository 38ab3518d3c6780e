// float32 products on a GPU by tensor cores, with operands rounded to TF32 (10 bits of mantissa, ties away from zero)
// and float32 sums. `netlet.config.set_float32_matmul_precision("high")` allows them.
//
//     The pipeline is that of gemm_mma_cuda.h. Memory and shared memory hold float32; each fragment is rounded when it
//     is read, which the tensor cores hide: an element of a is converted once for 32 columns of c.
//
// ldmatrix moves 16 bytes of a line to four lanes, which is the layout of a TF32 fragment if the line holds terms. It
// cannot transpose 32-bit elements, so an operand that is contiguous along its rows is read 4 bytes at a time: lane l
// reads row l / 4 of term l % 4, and lines are padded by 8 elements, so that these 4 lines of 32 bytes are in different
// banks at offsets that are known at compile time: placed by exclusive or, they cost registers and spills.
#pragma once
#include "ops/gemm/gemm_mma_cuda.h"

namespace netlet::cuda {

// As MmaOperand. What cannot be read in vectors is copied by asynchronous copies of 4 bytes: neighbouring threads copy
// neighbouring elements of a line.
template <int R, bool along>
struct Tf32Operand {
    static constexpr int V = 4, terms = mma_step_bytes / 4;
    static constexpr int count = along ? terms : R, length = along ? R : terms;  // of lines; of the elements of a line
    static constexpr int pitch = length + (along ? 8 : 0), elements = count * pitch;
    static constexpr bool pairs = false;
    const float* from;  // this thread's first vector or element of the next step
    int64_t ld;
    bool aligned;  // can be read in vectors
    int rows;      // of the tile

    __device__ Tf32Operand(int64_t ld, bool aligned, int64_t rows_left)
        : ld(ld), aligned(aligned), rows(rows_left < R ? (int)rows_left : R) {}
    __device__ void begin(const float* tile) { from = tile + line(aligned) * ld + column(aligned); }

    __device__ void copy(Shared<float> to, int left) {
        const int lines = along ? left : rows, first = line(aligned), at = column(aligned);
        const bool exists = at < (along ? rows : left);
        const float* p = from;
        if (aligned) {
            constexpr int step = mma_threads / (length / V);
#pragma unroll
            for (int i = 0; i < count; i += step, p += step * ld)
                copy_async16(to + place(first + i, at), p, exists && first + i < lines);
        } else {
            constexpr int step = mma_threads / length;
#pragma unroll 4
            for (int i = 0; i < count; i += step, p += step * ld)
                copy_async4(to + place(first + i, at), p, exists && first + i < lines);
        }
        from += along ? terms * ld : terms;
    }

    template <bool is_b> static __device__ void load(uint32_t (&r)[4], Shared<const float> tile, int row, int part) {
        const int lane = (int)threadIdx.x % warp;
        if constexpr (along) {
            const int at = row + lane / 4, term = part * 8 + lane % 4;
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int row_half = is_b ? i / 2 : i % 2, term_half = is_b ? i % 2 : i / 2;
                r[i] = to_tf32(tile[place(term + term_half * 4, at + row_half * 8)]);
            }
        } else {
            const int low = lane / 8 % 2, high = lane / 16, row_half = is_b ? high : low, term_half = is_b ? low : high;
            ldmatrix_x4(r, tile + place(row + row_half * 8 + lane % 8, part * 8 + term_half * 4));
#pragma unroll
            for (int i = 0; i < 4; ++i) r[i] = to_tf32(__uint_as_float(r[i]));
        }
    }

  private:
    // This thread's first line, and its column in all its lines.
    static __device__ int line(bool vectors) { return (int)threadIdx.x / (vectors ? length / V : length); }
    static __device__ int column(bool vectors) {
        return vectors ? (int)threadIdx.x % (length / V) * V : (int)threadIdx.x % length;
    }
    // Where an element is in shared memory.
    static __device__ int place(int line, int column) {
        return line * pitch + (along ? column : column ^ (line & 7) * V);
    }
};

struct Tf32Mma {
    using E = float;
    using Sum = float;
    template <int R, bool along> using Operand = Tf32Operand<R, along>;
    static constexpr bool full = true;
    static __device__ void multiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
        mma_m16n8k8_tf32(d, a, b);
    }
};

// A work unit is a thread block: g.mb and g.nb are 128, 64 or 32. (gemm_tf32_cuda.cu)
void launch_gemm_tf32(const GemmArgs& g, int64_t units, Stream& s);

}  // namespace netlet::cuda
