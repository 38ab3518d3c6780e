#include "ops/pool/pool.h"

#include <algorithm>
#include <limits>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/higher_order/higher_order.h"
#include "ops/higher_order/sliding_windows.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

constexpr int64_t chunk = 32768;  // elements of x: a few microseconds

std::string text_of(const std::vector<int64_t>& v) {
    std::string s = "(";
    for (size_t i = 0; i < v.size(); ++i) s += (i ? ", " : "") + std::to_string(v[i]);
    return s + ")";
}

// A hint for shapes that look like channels first, as (N, 3, 32, 32).
std::string channels_first_hint(const Shape& x) {
    if (x.rank() < 4 || x[1] > 4 || x[1] >= x[2] || x.back() <= 4) return "";
    return "; this shape looks like channels first (N, C, ...): channels come last here, unless "
           "data_format=\"channels_first\" is given";
}

PoolShape shape_of(const char* name, const Tensor& x, const std::vector<int64_t>& window,
                   const std::vector<int64_t>& strides, const Pads& pads) {
    const int axes = x->shape.rank() - 2;
    if (axes < 1 || axes > 3)
        throw ValueError(std::string(name) + ": expected (batch, 1 to 3 spatial axes, channels), received shape " +
                         x->shape.str());
    if ((int)window.size() != axes || (int)strides.size() != axes || (int)pads.size() != axes)
        throw ValueError(std::string(name) + ": expected pool_size, strides and padding of " + std::to_string(axes) +
                         " entries for an input of shape " + x->shape.str() +
                         ", received pool_size=" + text_of(window) + ", strides=" + text_of(strides));
    PoolShape s{};
    s.channels = x->shape.back();
    int64_t cells = 1;
    for (int i = 0; i < 3; ++i) {
        const int given = i - (3 - axes);
        s.size[i] = given < 0 ? 1 : x->shape[1 + given];
        s.window[i] = given < 0 ? 1 : window[(size_t)given];
        s.stride[i] = given < 0 ? 1 : strides[(size_t)given];
        if (s.window[i] < 1 || s.window[i] > 1 << 30 || s.stride[i] < 1)
            throw ValueError(std::string(name) +
                             ": expected positive pool_size (up to 2^30) and strides, received pool_size=" +
                             text_of(window) + ", strides=" + text_of(strides));
        s.stride[i] = std::min(s.stride[i], std::max<int64_t>(1, s.size[i]));  // the same windows, and no overflow
        const auto [before, after] = given < 0 ? std::pair<int64_t, int64_t>{} : pads[(size_t)given];
        if (before < 0 || after < 0 || before >= s.window[i] || after >= s.window[i])
            throw ValueError(std::string(name) +
                             ": expected padding of at least 0 and less than pool_size, received (" +
                             std::to_string(before) + ", " + std::to_string(after) + ") for " + text_of(window));
        const int64_t room = before + s.size[i] + after - s.window[i];
        if (room < 0 || s.size[i] == 0)
            throw ValueError(std::string(name) + ": pool_size=" + text_of(window) + " is larger than the image in " +
                             x->shape.str() + "; padding=\"same\" allows that" + channels_first_hint(x->shape));
        s.before[i] = before;
        s.out[i] = room / s.stride[i] + 1;
        if (multiply_overflows(cells, s.window[i], &cells) || cells > 1 << 24)  // counted in float32, exactly
            throw ValueError(std::string(name) +
                             ": expected windows of at most 16777216 cells, received pool_size=" + text_of(window));
    }
    return s;
}

// Cuts `length` steps of the last axis into blocks of a multiple of `multiple`, and the work into units of one block.
Work split(PoolShape& s, int64_t rows, int64_t length, int64_t pixels_per_step, int64_t multiple, int64_t cost_each) {
    const int64_t budget = s.channels <= pool_few_channels ? pool_buffer : chunk;
    const int64_t fits = budget / std::max<int64_t>(1, s.channels * pixels_per_step) - s.window[2];
    s.block = std::clamp<int64_t>(fits / multiple * multiple, multiple, std::max(multiple, length));
    s.blocks = std::max<int64_t>(1, ceil_div(length, s.block));
    const int64_t cost = std::min(s.block, length) * s.channels * cost_each;
    return {rows * s.blocks, grain_for(chunk, cost), (double)rows * (double)length * (double)cost_each};
}

// The largest number of windows that contain one pixel.
int64_t covers(const PoolShape& s) {
    int64_t n = 1;
    for (int i = 0; i < 3; ++i) n *= (s.window[i] + s.stride[i] - 1) / s.stride[i];
    return n;
}

template <class T>
void emit_fwd(Tape& tape, PoolOp op, const Tensor& x, const Tensor& y, const Tensor& index, PoolShape s) {
    PoolArgs<T> args{};
    const int64_t rows = x->shape[0] * s.out[0] * s.out[1], cells = s.window[0] * s.window[1] * s.window[2];
    const Work work = with_rows(split(s, rows, s.out[2], s.stride[2], 1, cells), x->shape);
    args.shape = s;
    const bool small = index && index->dtype == DType::u8;
    const Tensor byte = small ? index : nullptr, wide = small ? nullptr : index;
    tape.emit(
        op == PoolOp::max ? NETLET_KERNEL_FOR(max_pool_fwd, x->dtype) : NETLET_KERNEL_FOR(average_pool_fwd, x->dtype),
        args,
        {by_row(in(args.x, x)), by_row(out(args.y, y)), by_row(out_if(args.index, byte)),
         by_row(out_if(args.wide_index, wide))},
        work);
}

void emit_codes(Tape& tape, PoolOp op, const Tensor& x, const Tensor& y, PoolShape s) {
    const int64_t rows = x->shape[0] * s.out[0] * s.out[1], cells = s.window[0] * s.window[1] * s.window[2];
    if (op == PoolOp::average && cells > 1 << 16)
        throw ValueError("average_pool: expected windows of at most 65536 cells for codes, received " +
                         std::to_string(cells));
    QuantizedPoolArgs args{};
    const Work work = split(s, rows, s.out[2], s.stride[2], 1, cells);
    args.shape = s;
    args.is_signed = x->dtype == DType::i8;
    const auto id = op == PoolOp::max ? KernelId::quantized_max_pool : KernelId::quantized_average_pool;
    tape.emit(kernel(id), args, {in(args.x, x), out(args.y, y)}, work);
}

template <class T>
void emit_bwd(Tape& tape, const Tensor& dy, const Tensor& index, const Grad& dx, PoolShape s) {
    PoolBwdArgs<T> args{};
    const int64_t rows = dx.tensor->shape[0] * s.size[0] * s.size[1];
    const Work work = split(s, rows, s.size[2] + s.before[2], 1, s.stride[2], covers(s));
    args.shape = s;
    const bool small = index && index->dtype == DType::u8;
    const Tensor byte = small ? index : nullptr, wide = small ? nullptr : index;
    tape.emit(
        index ? NETLET_KERNEL_FOR(max_pool_bwd, dy->dtype) : NETLET_KERNEL_FOR(average_pool_bwd, dy->dtype), args,
        {in(args.dy, dy), in_if(args.index, byte), in_if(args.wide_index, wide), into(args.dx, args.accumulate, dx)},
        work);
}

// Pooling by its definition: combines the pixels under each cell of the window in order. The first of equal maxima
// wins.
Tensor pool_of_cells(Tape& tape, PoolOp op, const Tensor& x, const PoolShape& s, const Shape& shape) {
    SlidingWindow w{};
    for (int i = 0; i < 3; ++i) {
        w.size[i] = s.size[i];
        w.window[i] = s.window[i];
        w.stride[i] = s.stride[i];
        w.dilation[i] = 1;
        w.before[i] = s.before[i];
        w.out[i] = s.out[i];
    }
    auto join = [&](const Tensor& of, double outside) {
        Tensor y;
        for (const Tensor& cell : window_pixels(tape, of, w, outside))
            y = !y                  ? cell
                : op == PoolOp::max ? where(tape, compare(tape, CompareOp::greater, cell, y), cell, y)
                                    : add(tape, y, cell);
        return y;
    };
    if (op == PoolOp::max) return reshape(tape, join(x, -std::numeric_limits<double>::infinity()), shape);
    Shape one = x->shape;
    one[0] = one[one.rank() - 1] = 1;
    const Tensor counts = join(full(tape, one, x->dtype, 1), 0);  // what lies outside does not count
    return reshape(tape, divide(tape, join(x, 0), counts), shape);
}

}  // namespace

Tensor pool(Tape& tape, PoolOp op, const Tensor& x, const std::vector<int64_t>& window,
            const std::vector<int64_t>& strides, const Pads& pads) {
    const char* name = op == PoolOp::max ? "max_pool" : "average_pool";
    const bool codes = x->dtype == DType::u8 || x->dtype == DType::i8;
    if (!codes) check_floating(name, x);
    const PoolShape s = shape_of(name, x, window, strides, pads);
    Shape shape{x->shape[0]};
    for (int i = 5 - x->shape.rank(); i < 3; ++i) shape.push_back(s.out[i]);
    shape.push_back(s.channels);
    Tensor y = tape.empty(shape, x->dtype), index;
    if (codes) {
        if (y->size() > 0) emit_codes(tape, op, x, y, s);
        return y;
    }
    const bool grad = tape.needs_grad({x});
    if (grad && op == PoolOp::max)
        index = tape.empty(shape, s.window[0] * s.window[1] * s.window[2] <= 255 ? DType::u8 : DType::i32);
    if (y->size() > 0) with_float(x->dtype, [&]<class T>(T) { emit_fwd<T>(tape, op, x, y, index, s); });
    if (grad)
        tape.on_backward(
            {x}, {y},
            [x, index, s](Tape& tape, const Grads& dy) {
                const Grad dx = tape.grad(x);
                if (!dx || x->size() == 0) return;
                with_float(x->dtype, [&]<class T>(T) { emit_bwd<T>(tape, dy[0], index, dx, s); });
            },
            by_definition([op, s, shape](Tape& tape, const Tensors& x) {
                return Tensors{pool_of_cells(tape, op, x[0], s, shape)};
            }));
    return y;
}

}  // namespace netlet::ops
