// flip_images on a GPU: a thread copies words of a pixel, as wide as a pixel allows (up to 16 bytes).
#include "cuda/elements.h"
#include "cuda/nest.h"
#include "ops/image/flip_args.h"

namespace netlet::cuda {

namespace {

struct FlipDivisors {
    Divisor words, w, h;  // of a pixel, of a row of pixels, of an image
    int64_t small;        // all units are below 2^31; no bool, whose padding may look like a pointer of the host
};

template <class Word>
__device__ void flip_images(FlipArgs a, FlipDivisors by, int64_t units) {
    for (int64_t unit = first_index(); unit < units; unit += all_threads()) {
        const int64_t pixel = divide(unit, by.words, by.small), row = divide(pixel, by.w, by.small);
        const int64_t image = divide(row, by.h, by.small);
        int64_t w = pixel - row * a.W, h = row - image * a.H;
        if (a.flags[image]) {
            if (a.horizontal) w = a.W - 1 - w;
            if (a.vertical) h = a.H - 1 - h;
        }
        const int64_t from = ((image * a.H + h) * a.W + w) * by.words.by + (unit - pixel * by.words.by);
        static_cast<Word*>(a.y)[unit] = static_cast<const Word*>(a.x)[from];
    }
}

template <class Word>
void launch_flip(const Stream& s, const FlipArgs& a, int64_t rows) {
    const int64_t words = a.pixel / (int64_t)sizeof(Word), units = rows * a.W * words;
    const FlipDivisors by{divisor(words), divisor(a.W), divisor(a.H), units < (int64_t)1 << 31};
    launch<flip_images<Word>>(s, blocks_for(s, units), 0, a, by, units);
}

}  // namespace

NETLET_CUDA_KERNEL(flip_images, FlipArgs) {
    const uintptr_t all = reinterpret_cast<uintptr_t>(a.x) | reinterpret_cast<uintptr_t>(a.y) | (uintptr_t)a.pixel;
    if (all % 16 == 0)
        launch_flip<uint4>(s, a, units);
    else if (all % 4 == 0)
        launch_flip<uint32_t>(s, a, units);
    else
        launch_flip<uint8_t>(s, a, units);
}

}  // namespace netlet::cuda
