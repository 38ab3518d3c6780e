#include "ops/random/random.h"

#include <cmath>
#include <limits>

#include "dispatch/number_kernels.h"
#include "ops/random/random_args.h"
#include "plan/shard.h"

namespace netlet::ops {

namespace {

constexpr int64_t group = 64;  // philox_group

Distribution to_distribution(const std::string& name) {
    if (name == "uniform") return Distribution::uniform;
    if (name == "normal") return Distribution::normal;
    if (name == "truncated_normal") return Distribution::truncated_normal;
    throw ValueError("random: expected 'uniform', 'normal' or 'truncated_normal', received '" + name + "'");
}

// The largest number inside [a, b).
template <class T>
T last_below(T b, T a) {
    return a < b ? std::nextafter(b, a) : std::numeric_limits<T>::infinity();
}

Tensor zero_cell() {
    Tensor cell = make_tensor({1}, DType::i64);
    *cell->data<int64_t>() = 0;
    return cell;
}

}  // namespace

Tensor random(Tape& tape, const std::string& distribution, const Shape& shape, DType dtype, double a, double b,
              uint64_t seed, bool fresh) {
    const Distribution which = to_distribution(distribution);
    if (!is_floating(dtype))
        throw TypeError(std::string("random: expected float32 or float64, received ") + name_of(dtype));
    if (!std::isfinite(a) || !std::isfinite(b))
        throw ValueError("random: expected finite parameters, received " + std::to_string(a) + " and " +
                         std::to_string(b));
    Tensor y = tape.empty(shape, dtype);
    with_float(dtype, [&]<class T>(T) {
        RandomArgs<T> args{};
        args.seed = seed;
        args.stream = fresh ? tape.next_stream() : 0;
        args.distribution = which;
        args.n = y->size();
        args.first = elements_before(shape);
        args.offset = (T)a;
        args.scale = which == Distribution::uniform ? (T)(b - a) : (T)b;
        args.top = last_below((T)b, (T)a);
        tape.emit(NETLET_KERNEL_FOR(random, dtype), args,
                  {out(args.y, y), in(args.step, fresh ? tape.step() : zero_cell())},
                  {args.n ? ceil_div(args.first % group + args.n, group) : 0, 64, (double)args.n});
    });
    return y;
}

}  // namespace netlet::ops
