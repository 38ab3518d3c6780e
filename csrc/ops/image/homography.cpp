#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/image/homography_args.h"
#include "ops/image/image.h"

namespace netlet::ops {

Tensor homography(Tape& tape, const Tensor& from, const Tensor& given) {
    check_floating("homography", from);
    const Shape& shape = from->shape;
    if (shape.rank() != 3 || shape[1] != 4 || shape[2] != 2 || given->shape != shape)
        throw ValueError("homography: expected two arrays of points of one shape (N, 4, 2), received " + shape.str() +
                         " and " + given->shape.str());
    const Tensor to = cast(tape, given, from->dtype);
    Tensor y = tape.empty({shape[0], 8}, from->dtype);
    with_float(from->dtype, [&]<class T>(T) {
        HomographyArgs<T> args{};
        tape.emit(NETLET_KERNEL_FOR(homography, from->dtype), args,
                  {in(args.from, from), in(args.to, to), out(args.y, y)}, {shape[0], 32, 400.0 * (double)shape[0]});
    });
    return y;
}

}  // namespace netlet::ops
