// Convolution of images with few channels: the lanes of a vector are neighbouring pixels, not the channels of one.
//
// A work unit is a band of mb output rows of one image. It first copies the rows of x that the band reads into planes,
// on the stack: one plane for each channel, and with stride s one for each remainder of a column by s, so that
// neighbouring output pixels always read neighbouring elements of a plane. Pixels outside x are zeros in the planes.
// The product then has output channels as rows, pixels as columns, and (tap, channel) as terms, channels fastest: each
// sum is the same chain of fused multiply-adds as that of conv_gather.
#pragma once
#include "ops/conv/conv_args.h"

namespace netlet {

constexpr int64_t planar_room = 24 * 1024;    // bytes of the planes: most of an L1 cache
constexpr int64_t planar_most_terms = 512;    // taps * C
constexpr int64_t planar_most_columns = 128;  // O
constexpr int64_t planar_vector = 64;         // bytes of the longest vector of any instruction set

struct Planes {
    int64_t rows, pitch, phases;  // `phases` planes for each channel
    int64_t elements(int64_t channels) const { return channels * phases * rows * pitch; }
};
// The planes that `out_rows` rows of the grid read. The last vector of a row may be partial: its other lanes read zeros.
inline Planes planes_of(const ConvArgs& g, int64_t out_rows, int64_t element_bytes) {
    const ConvAxis &h = g.axis[1], &w = g.axis[2];
    const int64_t lanes = planar_vector / element_bytes;
    return {(out_rows - 1) * h.step + (h.taps - 1) * h.tap_step + 1,
            (w.grid + lanes - 1) / lanes * lanes + (w.taps - 1) * w.tap_step / w.step, w.step};
}

}  // namespace netlet
