#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/image/fill_mode.h"
#include "ops/image/image.h"
#include "ops/image/sample_args.h"

namespace netlet::ops {

namespace {

// The parameters of a call.
struct Sampling {
    Shape sizes;
    int64_t B, elements, C, M;
    bool linear;
    FillMode fill;
    double fill_value;

    template <class T> SampleMap<T> map() const {
        SampleMap<T> m{};
        m.M = M;
        m.C = C;
        m.elements = elements;
        m.rank = (int32_t)sizes.rank();
        int64_t stride = 1;
        for (int axis = m.rank - 1; axis >= 0; --axis) {
            m.n[axis] = sizes[axis];
            m.stride[axis] = stride;
            stride *= m.n[axis];
        }
        m.linear = linear;
        m.fill = fill;
        m.fill_value = (T)fill_value;
        return m;
    }
    // Operations for one element of y: a multiplication and an addition for each tap.
    double flops() const { return linear ? 2.0 * (double)(1 << sizes.rank()) : 0.0; }
    Work work() const {
        const int64_t places = C ? B * M : 0;
        return {places, grain_for(2048, std::max<int64_t>(1, (int64_t)flops() / 8) * C),
                (double)(places * C) * flops()};
    }
};

Sampling checked(const Tensor& x, const Tensor& coordinates, const Shape& sizes) {
    const int64_t elements = sizes.size();
    const bool any = sizes.rank() > 0;
    const int64_t smallest = any ? *std::min_element(sizes.begin(), sizes.end()) : 0;
    if (smallest < 1 || *std::max_element(sizes.begin(), sizes.end()) > (1 << 28))  // see affine_taps.h: coordinate
        throw ValueError("sample: expected one to eight axes of 1 to 2^28 elements, received sizes " + sizes.str());
    if (x->shape.rank() != 3 || x->shape[1] != elements)
        throw ValueError("sample: expected arrays (B, " + std::to_string(elements) + ", C) for sizes " + sizes.str() +
                         ", received " + x->shape.str());
    const Shape& at = coordinates->shape;
    if (at.rank() != 3 || at[0] != x->shape[0] || at[1] != sizes.rank())
        throw ValueError("sample: expected coordinates of shape (" + std::to_string(x->shape[0]) + ", " +
                         std::to_string(sizes.rank()) + ", M), received " + at.str());
    return {sizes, x->shape[0], elements, x->shape[2], at[2], false, FillMode::constant, 0};
}

Tensor sampled(Tape& tape, const Tensor& x, const Tensor& coordinates, const Sampling& s);

void emit_adjoint(Tape& tape, const Tensor& dy, const Tensor& coordinates, const Sampling& s, const Grad& dx) {
    if (tape.on_gpu() && s.elements > INT32_MAX)  // Listed in sample_cuda.cu
        throw ValueError(
            "sample: expected arrays of at most 2^31 - 1 elements for gradients on a GPU, received sizes " +
            s.sizes.str());
    with_float(dy->dtype, [&]<class T>(T) {
        SampleBwdArgs<T> args{nullptr, nullptr, s.map<T>(), false};
        tape.emit(NETLET_KERNEL_FOR(sample_bwd, dy->dtype), args,
                  {in(args.dy, dy), in(args.map.coordinates, coordinates), into(args.dx, args.accumulate, dx)},
                  {dx.tensor->size() ? s.B : 0, 1, (double)(s.B * s.M * s.C) * s.flops()});
    });
}

// dy spread over the elements that `sampled` read: the gradient of `sampled`, as an op. Its own gradient samples.
Tensor adjoint(Tape& tape, const Tensor& dy, const Tensor& coordinates, const Sampling& s) {
    Tensor dx = tape.empty({s.B, s.elements, s.C}, dy->dtype);
    emit_adjoint(tape, dy, coordinates, s, {dx});
    Sampling zero = s;
    zero.fill_value = 0;
    if (tape.needs_grad({dy}))
        tape.on_backward(
            {dy}, {dx},
            [=](Tape& tape, const Grads& g) {
                if (Grad to = tape.grad(dy)) accumulate(tape, sampled(tape, g[0], coordinates, zero), to);
            },
            [=](Tape& tape, const Tensors&, const Tensors&, const Grads& g) {
                return Tensors{sampled(tape, g[0], coordinates, zero)};
            });
    return dx;
}

Tensor sampled(Tape& tape, const Tensor& x, const Tensor& coordinates, const Sampling& s) {
    Tensor y = tape.empty({s.B, s.M, s.C}, x->dtype);
    with_float(x->dtype, [&]<class T>(T) {
        SampleArgs<T> args{nullptr, nullptr, s.map<T>()};
        tape.emit(NETLET_KERNEL_FOR(sample_fwd, x->dtype), args,
                  {in(args.x, x), in(args.map.coordinates, coordinates), out(args.y, y)}, s.work());
    });
    const bool moves = s.linear && tape.needs_grad({coordinates});  // the nearest element does not change
    if (!moves && !tape.needs_grad({x})) return y;
    const Backward run = [=](Tape& tape, const Grads& dy) {
        if (Grad dx = tape.grad(x)) emit_adjoint(tape, dy[0], coordinates, s, dx);
        if (!moves) return;
        if (Grad to = tape.grad(coordinates))
            with_float(x->dtype, [&]<class T>(T) {
                SampleCoordinatesBwdArgs<T> args{nullptr, nullptr, nullptr, s.map<T>(), false};
                const int64_t places = s.B * s.M;
                tape.emit(NETLET_KERNEL_FOR(sample_coordinates_bwd, x->dtype), args,
                          {in(args.x, x), in(args.dy, dy[0]), in(args.map.coordinates, coordinates),
                           into(args.dcoordinates, args.accumulate, to)},
                          {places, s.work().grain, (double)(places * s.C) * 2 * s.flops()});
            });
    };
    if (moves)
        tape.on_backward({x, coordinates}, {y}, run);
    else
        tape.on_backward({x}, {y}, run, [=](Tape& tape, const Tensors&, const Tensors&, const Grads& dy) {
            return Tensors{adjoint(tape, dy[0], coordinates, s)};
        });
    return y;
}

}  // namespace

Tensor sample(Tape& tape, const Tensor& x, const Tensor& given, const Shape& sizes, bool linear,
              const std::string& fill_mode, double fill_value) {
    check_floating("sample", x);
    Sampling s = checked(x, given, sizes);
    s.linear = linear;
    s.fill = to_fill_mode("sample", fill_mode);
    s.fill_value = fill_value;
    return sampled(tape, x, cast(tape, given, x->dtype), s);
}

}  // namespace netlet::ops
