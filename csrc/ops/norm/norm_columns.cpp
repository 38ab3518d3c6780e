// Batch, instance and group normalization. Forward is three records: the moments of pieces of columns, their
// combination, and the normalization itself. Backward is the same three.
#include <algorithm>
#include <cstring>

#include "dispatch/number_kernels.h"
#include "ops/activation/activation.h"
#include "ops/higher_order/higher_order.h"
#include "ops/norm/norm.h"
#include "ops/norm/norm_args.h"
#include "ops/norm/norm_checks.h"
#include "ops/norm/norm_definitions.h"
#include "ops/reduce/reduce.h"

namespace netlet::ops {

namespace {

constexpr int64_t full_vector_columns = 64;  // columns that fill the vectors of every instruction set

// Rows of a piece for a GPU: blocks of 32 columns enough to fill it, and at most a few hundred rows for a thread.
int64_t gpu_rows(const NormColumns& s) { return std::max<int64_t>(256, s.O * s.R * ceil_div(s.C, 32) / 2048); }

NormColumns columns_of(const Tape& tape, int64_t O, int64_t R, int64_t C, int64_t groups) {
    NormColumns s{};
    s.fold = std::max<int64_t>(1, std::min(full_vector_columns / std::max<int64_t>(1, C), R));
    while (R % s.fold) --s.fold;
    s.O = O;
    s.R = R / s.fold;
    s.C = C * s.fold;
    s.groups = groups;
    // Some 32k elements a piece, and at most 64 pieces of a column.
    const int64_t width = std::clamp<int64_t>(s.C, 1, norm_tile);
    const int64_t rows = tape.on_gpu() ? gpu_rows(s) : std::max(32768 / width, ceil_div(s.R, 64));
    s.piece = ceil_div(rows, norm_block) * norm_block;
    s.pieces = ceil_div(s.R, s.piece);
    return s;
}

Work work_of_pieces(const NormColumns& s, double flops) {
    const int64_t unit = std::min(s.piece, std::max<int64_t>(1, s.R)) * std::min(s.C, norm_tile);
    return {s.O * s.pieces * ceil_div(s.C, norm_tile), grain_for(16384, unit), flops * (double)(s.O * s.R * s.C)};
}

Work work_of_groups(const NormColumns& s, bool prepack = false) {
    const int64_t unit = s.pieces * s.fold * s.D();
    return {s.O * s.groups, grain_for(4096, unit + 8), 8.0 * (double)(s.O * s.groups * unit), prepack};
}

Work work_of_rows(const NormColumns& s, double flops) {
    return {s.O * s.R, grain_for(16384, s.C), flops * (double)(s.O * s.R * s.C)};
}

// The operands of a normalization, and the results that backward needs.
struct Norm {
    Tensor x = {}, gamma = {}, beta = {}, mean = {}, variance = {};  // the last two are inputs if `given`
    bool given = false;
    double epsilon = 0;
    Activation act = Activation::linear;
    NormColumns s = {};
    Tensor moment = {}, columns = {};
};

Tensor sums_tensor(Tape& tape, const NormColumns& s) { return tape.empty({s.O, s.pieces, 2, s.C}, DType::f64); }

// The coefficients of each column, from given statistics. At inference these are weights: a plan caches the result.
template <class T>
void emit_columns(Tape& tape, const Norm& n) {
    NormFinishArgs<T> args{};
    args.s = n.s;
    args.epsilon = n.epsilon;
    tape.emit(NETLET_KERNEL_FOR(norm_finish, n.mean->dtype), args,
              {in(args.given_mean, n.mean), in(args.given_variance, n.variance), in_if(args.gamma, n.gamma),
               in_if(args.beta, n.beta), out(args.moment, n.moment), out(args.columns, n.columns)},
              work_of_groups(n.s, true));
}

// The same from the statistics of x, which are also written to n.mean and n.variance if these are not null.
template <class T>
void emit_statistics(Tape& tape, const Norm& n) {
    const DType type = n.x->dtype;
    const Tensor sums = sums_tensor(tape, n.s);
    NormMomentsArgs<T> moments{};
    moments.s = n.s;
    tape.emit(NETLET_KERNEL_FOR(norm_moments, type), moments, {in(moments.x, n.x), out(moments.partial, sums)},
              work_of_pieces(n.s, 4));
    NormFinishArgs<T> args{};
    args.s = n.s;
    args.epsilon = n.epsilon;
    tape.emit(NETLET_KERNEL_FOR(norm_finish, type), args,
              {in(args.partial, sums), in_if(args.gamma, n.gamma), in_if(args.beta, n.beta), out_if(args.mean, n.mean),
               out_if(args.variance, n.variance), out(args.moment, n.moment), out(args.columns, n.columns)},
              work_of_groups(n.s));
}

// y = act((x - centre) a + b)
template <class T>
void emit_apply(Tape& tape, const Tensor& x, const Tensor& columns, const Tensor& y, const NormColumns& s, bool prepack,
                Activation act = Activation::linear) {
    NormApplyArgs<T> args{};
    args.s = s;
    args.act = act;
    Work work = work_of_rows(s, 3);
    work.prepack = prepack;
    tape.emit(NETLET_KERNEL_FOR(norm_apply, x->dtype), args, {in(args.x, x), in(args.columns, columns), out(args.y, y)},
              work);
}

template <class T>
void emit_forward(Tape& tape, const Norm& n, const Tensor& y) {
    if (n.given)
        emit_columns<T>(tape, n);
    else
        emit_statistics<T>(tape, n);
    emit_apply<T>(tape, n.x, n.columns, y, n.s, false, n.act);
}

template <class T>
void emit_backward(Tape& tape, const Norm& n, const Tensor& dy) {
    const DType type = n.x->dtype;
    const NormColumns& s = n.s;
    const Grad dx = tape.grad(n.x), dgamma = tape.grad(n.gamma), dbeta = tape.grad(n.beta);
    const Grad dmean = n.given ? tape.grad(n.mean) : Grad{}, dvariance = n.given ? tape.grad(n.variance) : Grad{};

    const Tensor sums = sums_tensor(tape, s);
    NormSumsArgs<T> add{};
    add.s = s;
    add.act = n.act;
    tape.emit(NETLET_KERNEL_FOR(norm_sums, type), add,
              {in(add.x, n.x), in(add.dy, dy), in(add.centre, n.columns), out(add.partial, sums)},
              work_of_pieces(s, 4));

    NormFinishBwdArgs<T> finish{};
    finish.s = s;
    finish.given = n.given;
    // Each sample writes its own sums for gamma and beta.
    const Shape rows{s.O, s.channels()};
    const Grad of_gamma = slices_for(tape, dgamma, s.O, rows), of_beta = slices_for(tape, dbeta, s.O, rows);
    const Tensor columns = dx ? tape.empty({3, s.O, s.C}, type) : nullptr;
    tape.emit(NETLET_KERNEL_FOR(norm_finish_bwd, type), finish,
              {in(finish.partial, sums), in(finish.moment, n.moment), in_if(finish.gamma, n.gamma),
               into_if(finish.dgamma, finish.add_dgamma, of_gamma), into_if(finish.dbeta, finish.add_dbeta, of_beta),
               into_if(finish.dmean, finish.add_dmean, dmean),
               into_if(finish.dvariance, finish.add_dvariance, dvariance), out_if(finish.columns, columns)},
              work_of_groups(s));
    if (dgamma && s.O != 1) emit_column_sum(tape, of_gamma.tensor, dgamma);
    if (dbeta && s.O != 1) emit_column_sum(tape, of_beta.tensor, dbeta);

    if (!dx) return;
    NormApplyBwdArgs<T> apply{};
    apply.s = s;
    apply.act = n.act;
    const Tensor x = n.given ? nullptr : n.x;
    tape.emit(NETLET_KERNEL_FOR(norm_apply_bwd, type), apply,
              {in_if(apply.x, x), in(apply.dy, dy), in(apply.centre, n.columns), in(apply.columns, columns),
               into_if(apply.dx, apply.accumulate, dx)},
              work_of_rows(s, 4));
}

Tensor normalise(Tape& tape, Norm n) {
    const DType type = n.x->dtype;
    n.moment = tape.empty({n.s.O, n.s.groups, 2}, DType::f64);
    n.columns = tape.empty({3, n.s.O, n.s.C}, type);
    Tensor y = tape.empty(n.x->shape, type);
    with_float(type, [&]<class T>(T) { emit_forward<T>(tape, n, y); });
    std::vector<Tensor> inputs{n.x, n.gamma, n.beta};
    if (n.given) inputs.insert(inputs.end(), {n.mean, n.variance});
    const bool differentiates =
        n.given ? tape.needs_grad({n.x, n.gamma, n.beta, n.mean, n.variance}) : tape.needs_grad({n.x, n.gamma, n.beta});
    if (differentiates)
        tape.on_backward(
            inputs, {y},
            [n](Tape& tape, const Grads& dy) {
                with_float(n.x->dtype, [&]<class T>(T) { emit_backward<T>(tape, n, dy[0]); });
            },
            by_definition([given = n.given, epsilon = n.epsilon, samples = n.s.O, groups = n.s.groups, act = n.act](
                              Tape& tape, const Tensors& x) {
                const Tensor z = given ? given_norm_definition(tape, x[0], x[1], x[2], x[3], x[4], epsilon)
                                       : group_norm_definition(tape, x[0], x[1], x[2], samples, groups, epsilon);
                return Tensors{act == Activation::linear ? z : activation(tape, z, act)};
            }));
    return y;
}

int64_t rows_of(const Tensor& x, int first) { return x->shape.product(first, x->shape.rank() - 1); }

}  // namespace

BatchNorm batch_norm(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon,
                     Activation act) {
    check_channels("batch_normalization", x, {{"gamma", gamma}, {"beta", beta}});
    if (act != Activation::linear && (tape.on_gpu() || x->dtype != DType::f32 || !can_follow_norm(act))) {
        BatchNorm b = batch_norm(tape, x, gamma, beta, epsilon);
        b.y = activation(tape, b.y, act);
        return b;
    }
    const int64_t C = x->shape.back();
    BatchNorm b{nullptr, tape.empty({C}, x->dtype), tape.empty({C}, x->dtype)};
    b.y = normalise(tape, {.x = x,
                           .gamma = gamma,
                           .beta = beta,
                           .mean = b.mean,
                           .variance = b.variance,
                           .epsilon = epsilon,
                           .act = act,
                           .s = columns_of(tape, 1, rows_of(x, 0), C, C)});
    return b;
}

Tensor group_norm(Tape& tape, const Tensor& x, int64_t groups, const Tensor& gamma, const Tensor& beta,
                  double epsilon) {
    check_channels("group_normalization", x, {{"gamma", gamma}, {"beta", beta}});
    const int64_t C = x->shape.back();
    if (x->shape.rank() < 2)
        throw ValueError("group_normalization: expected x (N, ..., C), received shape " + x->shape.str());
    if (groups < 1 || C % groups)
        throw ValueError("group_normalization: expected a number of groups that divides the " + std::to_string(C) +
                         " channels of x " + x->shape.str() + ", received " + std::to_string(groups));
    return normalise(tape, {.x = x,
                            .gamma = gamma,
                            .beta = beta,
                            .mean = nullptr,
                            .variance = nullptr,
                            .epsilon = epsilon,
                            .s = columns_of(tape, x->shape[0], rows_of(x, 1), C, groups)});
}

Tensor given_norm(Tape& tape, const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& gamma,
                  const Tensor& beta, double epsilon) {
    check_channels("batch_normalization", x,
                   {{"mean", mean}, {"variance", variance}, {"scale", gamma}, {"offset", beta}});
    const int64_t C = x->shape.back();
    return normalise(tape, {.x = x,
                            .gamma = gamma,
                            .beta = beta,
                            .mean = mean,
                            .variance = variance,
                            .given = true,
                            .epsilon = epsilon,
                            .s = columns_of(tape, 1, rows_of(x, 0), C, C)});
}

Folded fold_norm(Tape& tape, const Tensor& kernel, const Tensor& bias, const Tensor& mean, const Tensor& variance,
                 const Tensor& gamma, const Tensor& beta, double epsilon) {
    check_channels("batch_normalization", mean,
                   {{"bias", bias}, {"variance", variance}, {"scale", gamma}, {"offset", beta}});
    check_same_dtype("batch_normalization", kernel, mean);
    const int64_t C = mean->size();
    if (C == 0 || kernel->size() % C)
        throw ValueError("batch_normalization: expected a kernel with " + std::to_string(C) +
                         " channels (its last axis), received shape " + kernel->shape.str());
    const DType type = kernel->dtype;
    auto rows = [&](int64_t R) { return NormColumns{1, R, C, norm_block, 1, 1, C}; };
    Norm n{.gamma = gamma, .beta = beta, .mean = mean, .variance = variance, .epsilon = epsilon, .s = rows(1)};
    n.moment = tape.empty({1, C, 2}, DType::f64);
    n.columns = tape.empty({3, 1, C}, type);
    Tensor old_bias = bias;
    if (!bias) {
        old_bias = make_tensor({C}, type);
        std::memset(old_bias->data(), 0, (size_t)old_bias->bytes());
    }
    const Folded folded{tape.empty(kernel->shape, type), tape.empty({C}, type)};
    with_float(type, [&]<class T>(T) {
        emit_columns<T>(tape, n);
        emit_apply<T>(tape, old_bias, n.columns, folded.bias, n.s, true);
        // kernel' = kernel a: the same as dx = dy a of given_norm.
        NormApplyBwdArgs<T> args{};
        args.s = rows(kernel->size() / C);
        const Tensor a = tape.view(n.columns, {2, 1, C}, C * (int64_t)size_of(type));
        Work work = work_of_rows(args.s, 1);
        work.prepack = true;
        tape.emit(NETLET_KERNEL_FOR(norm_apply_bwd, type), args,
                  {in(args.dy, kernel), in(args.columns, a), out(args.dx, folded.kernel)}, work);
    });
    return folded;
}

void moving_average(Tape& tape, const Tensor& value, const Tensor& moving, double momentum) {
    check_floating("moving_average", value);
    check_same_dtype("moving_average", value, moving);
    if (value->shape != moving->shape)
        throw ValueError("moving_average: expected a value of shape " + moving->shape.str() + ", received " +
                         value->shape.str());
    tape.at_end([=](Tape& tape) {
        with_float(value->dtype, [&]<class T>(T) {
            MovingAverageArgs<T> args{};
            args.momentum = momentum;
            tape.emit(NETLET_KERNEL_FOR(moving_average, value->dtype), args,
                      {in(args.value, value), inout(args.moving, moving)}, elementwise_work(value->size(), 3));
        });
    });
}

}  // namespace netlet::ops
