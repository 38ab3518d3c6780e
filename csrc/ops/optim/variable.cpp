// Lamb, Adafactor and Muon: updates of one variable at a time, in several kernels.
#include <algorithm>

#include "ops/copy/copy.h"
#include "ops/gemm/gemm.h"
#include "ops/optim/emit_update.h"
#include "ops/optim/optim_args.h"
#include "ops/optim/variable_args.h"

namespace netlet::ops {

namespace {

// (count, 2) -> the sums of both columns.
Tensor sum_pairs(Tape& tape, const Tensor& partial) {
    const int64_t count = partial->size() / 2;
    if (count == 1) return partial;
    const Tensor total = tape.empty({2}, DType::f64);
    SumPairsArgs a{nullptr, nullptr, count};
    tape.emit(kernel(KernelId::sum_pairs), a, {in(a.partial, partial), out(a.total, total)}, one_chunk(1));
    return total;
}

}  // namespace

void lamb_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<2>& slots, double beta1,
                 double beta2, double epsilon) {
    check_update("lamb_update", s, p, g, slots, 0, -1);
    if (p->size() == 0) return;
    const auto& [m, v] = slots;
    const Tensor partial = tape.empty({chunks(p), 2}, DType::f64);
    with_float(p->dtype, [&]<class T>(T) {
        LambMomentsArgs<T> a{{}, nullptr, nullptr, nullptr, nullptr, nullptr, optim_grain, beta1, beta2, epsilon};
        const Work work = update_work(a.c, s, p, 20);
        tape.emit(NETLET_KERNEL_FOR(lamb_moments, p->dtype), a,
                  {in(a.c.lr, s.lr), in(a.c.iteration, s.iteration), in(a.g, g), in(a.p, p), inout(a.m, m),
                   inout(a.v, v), out(a.norms, partial)},
                  work);
        const Tensor norms = sum_pairs(tape, partial);
        LambApplyArgs<T> b{a.c, nullptr, nullptr, nullptr, nullptr, beta1, beta2, epsilon};
        tape.emit(NETLET_KERNEL_FOR(lamb_update, p->dtype), b,
                  {in(b.c.lr, s.lr), in(b.c.iteration, s.iteration), inout(b.p, p), in(b.m, m), in(b.v, v),
                   in(b.norms, norms)},
                  update_work(b.c, s, p, 8));
    });
}

namespace {

// A matrix's factors. They read the gradient twice: once by tiles, once in the update.
struct Factors {
    Tensor r, k, mean;
    int64_t rows = 1, columns = 1, matrices = 1;
};

Factors factors_of(const Tensor& p, const Tensor& r, const Tensor& k) {
    Factors f{r, k, nullptr};
    if (!r != !k || (r && (r->shape.rank() < 1 || k->shape.rank() != r->shape.rank())))
        throw ValueError("adafactor_update: expected factors (..., rows) and (..., columns) of one rank, or none");
    if (!r) return f;
    check_same_dtype("adafactor_update", p, r);
    check_same_dtype("adafactor_update", p, k);
    f.rows = r->shape[r->shape.rank() - 1];
    f.columns = k->shape[k->shape.rank() - 1];
    f.matrices = f.rows ? r->size() / f.rows : 0;
    if (f.matrices * f.columns != k->size() || f.matrices * f.rows * f.columns != p->size())
        throw ValueError("adafactor_update: expected factors (..., rows) and (..., columns) of " +
                         std::to_string(p->size()) + " elements, received shapes " + r->shape.str() + " and " +
                         k->shape.str());
    return f;
}

template <class T>
void emit_factors(Tape& tape, const OptimStep& s, const Tensor& g, Factors& f, double decay, double epsilon) {
    const int64_t down = (f.rows + adafactor_tile_rows - 1) / adafactor_tile_rows;
    const int64_t across = (f.columns + adafactor_tile_columns - 1) / adafactor_tile_columns;
    const Tensor row_sums = tape.empty({f.matrices, across, f.rows}, DType::f64);
    const Tensor column_sums = tape.empty({f.matrices, down, f.columns}, DType::f64);
    AdafactorSumsArgs<T> a{nullptr, nullptr, nullptr, f.rows, f.columns, down, across};
    const int64_t tiles = f.matrices * down * across;
    tape.emit(NETLET_KERNEL_FOR(adafactor_sums, g->dtype), a,
              {in(a.g, g), out(a.row_sums, row_sums), out(a.column_sums, column_sums)},
              Work{tiles, grain_for(optim_grain, g->size() / tiles), 4.0 * (double)g->size()});
    const auto emit = [&](const Tensor& partial, const Tensor& factor, int64_t n, int64_t count, int64_t divisor) {
        AdafactorFactorArgs<T> b{{}, nullptr, nullptr, n, count, (double)divisor, epsilon, decay};
        update_work(b.c, s, factor, 0);
        tape.emit(NETLET_KERNEL_FOR(adafactor_factor, g->dtype), b,
                  {in(b.c.lr, s.lr), in(b.c.iteration, s.iteration), in(b.partial, partial), inout(b.factor, factor)},
                  Work{factor->size(), grain_for(optim_grain, count), (double)partial->size()});
    };
    emit(row_sums, f.r, f.rows, across, f.columns);
    emit(column_sums, f.k, f.columns, down, f.rows);
    f.mean = tape.empty({f.matrices}, DType::f64);
    AdafactorMeanArgs<T> c{nullptr, nullptr, f.rows};
    tape.emit(NETLET_KERNEL_FOR(adafactor_mean, g->dtype), c, {in(c.r, f.r), out(c.mean, f.mean)},
              Work{f.matrices, grain_for(optim_grain, f.rows), (double)f.r->size()});
}

}  // namespace

void adafactor_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<3>& slots,
                      double beta2_decay, double epsilon1, double epsilon2, double clip_threshold) {
    const auto& [v, r, k] = slots;
    check_update("adafactor_update", s, p, g, {&v, 1}, 0, -1);
    Factors f = factors_of(p, r, k);
    if (p->size() == 0) return;
    with_float(p->dtype, [&]<class T>(T) {
        if (r) emit_factors<T>(tape, s, g, f, beta2_decay, epsilon1);
        const Tensor partial = tape.empty({chunks(p), 2}, DType::f64);
        AdafactorNormsArgs<T> a{{},      nullptr,     nullptr, nullptr,   nullptr,  nullptr,    nullptr,
                                nullptr, optim_grain, f.rows,  f.columns, epsilon1, beta2_decay};
        const Work work = update_work(a.c, s, p, 12);
        tape.emit(NETLET_KERNEL_FOR(adafactor_norms, p->dtype), a,
                  {in(a.c.lr, s.lr), in(a.c.iteration, s.iteration), in(a.g, g), in(a.p, p), in_if(a.r, r),
                   in_if(a.k, k), in_if(a.mean, f.mean), inout(a.v, v), out(a.norms, partial)},
                  work);
        const Tensor norms = sum_pairs(tape, partial);
        AdafactorApplyArgs<T> b{a.c,     nullptr, nullptr,   nullptr,   nullptr,  nullptr,       nullptr,
                                nullptr, f.rows,  f.columns, p->size(), epsilon2, clip_threshold};
        tape.emit(NETLET_KERNEL_FOR(adafactor_update, p->dtype), b,
                  {in(b.c.lr, s.lr), in(b.c.iteration, s.iteration), in(b.g, g), in_if(b.r, r), in_if(b.k, k),
                   in_if(b.mean, f.mean), in(b.v, v), inout(b.p, p), in(b.norms, norms)},
                  update_work(b.c, s, p, 5));
    });
}

namespace {

template <class T>
void shift_diagonal(Tape& tape, const Tensor& x, const Tensor& y, double scale, double diagonal) {
    const int64_t n = x->shape[0];
    ShiftDiagonalArgs<T> a{nullptr, nullptr, n, scale, diagonal};
    const Work work{n, grain_for(optim_grain, n), (double)x->size()};
    tape.emit(NETLET_KERNEL_FOR(shift_diagonal, x->dtype), a, {in(a.x, x), x == y ? inout(a.y, y) : out(a.y, y)}, work);
}

}  // namespace

// With A = x x^T, an iteration is x = (a I + A (b I + c A)) x. A and the polynomial are symmetric, so a tall x needs no
// transposes: A = x^T x, and the polynomial is on the right.
void muon_update(Tape& tape, const OptimStep& s, const Tensor& p, const Tensor& g, const Slots<1>& slots,
                 double momentum, bool nesterov, double a, double b, double c, int64_t iterations, double factor) {
    const Tensor& m = slots[0];
    check_update("muon_update", s, p, g, slots, 0, -1);
    if (g->shape.rank() != 2)
        throw ValueError("muon_update: expected the gradient of a matrix, received shape " + g->shape.str());
    if (iterations < 0)
        throw ValueError("muon_update: expected iterations >= 0, received " + std::to_string(iterations));
    if (p->size() == 0) return;
    const int64_t rows = g->shape[0], columns = g->shape[1], small = std::min(rows, columns);
    const bool tall = rows > columns;
    const auto product = [&](const Tensor& x, const Tensor& y, const Tensor& z, int64_t M, int64_t N, int64_t K,
                             bool x_transposed, bool y_transposed) {
        emit_gemm(tape, Gemm{.a = x,
                             .b = y,
                             .c = z,
                             .M = M,
                             .N = N,
                             .K = K,
                             .a_transposed = x_transposed,
                             .b_transposed = y_transposed});
    };
    Tensor x = tape.empty(g->shape, g->dtype);
    with_float(p->dtype, [&]<class T>(T) {
        const Tensor partial = tape.empty({chunks(g)}, DType::f64), scale = tape.empty({1}, DType::f64);
        MuonMomentumArgs<T> first{{}, nullptr, nullptr, nullptr, nullptr, optim_grain, momentum, nesterov};
        const Work work = update_work(first.c, s, p, 6);
        tape.emit(NETLET_KERNEL_FOR(muon_momentum, p->dtype), first,
                  {in(first.c.lr, s.lr), in(first.c.iteration, s.iteration), in(first.g, g), inout(first.m, m),
                   out(first.y, x), out(first.partial, partial)},
                  work);
        MuonScaleArgs second{nullptr, nullptr, chunks(g), iterations ? 1 : factor};
        tape.emit(kernel(KernelId::muon_scale), second, {in(second.partial, partial), out(second.scale, scale)},
                  one_chunk(1));
        ScaleArgs<T> third{nullptr, nullptr, nullptr, 1};
        tape.emit(NETLET_KERNEL_FOR(scale, p->dtype), third,
                  {in(third.x, x), inout(third.y, x), in(third.scale, scale)}, flat(x, 1));
        for (int64_t i = 0; i < iterations; ++i) {
            const Tensor square = tape.empty({small, small}, g->dtype), inner = tape.empty({small, small}, g->dtype);
            const Tensor outer = tape.empty({small, small}, g->dtype), next = tape.empty(g->shape, g->dtype);
            const double last = i + 1 == iterations ? factor : 1;
            product(x, x, square, small, small, std::max(rows, columns), tall, !tall);
            shift_diagonal<T>(tape, square, inner, c, b);
            product(square, inner, outer, small, small, small, false, false);
            shift_diagonal<T>(tape, outer, outer, last, last * a);
            if (tall)
                product(x, outer, next, rows, columns, small, false, false);
            else
                product(outer, x, next, rows, columns, small, false, false);
            x = next;
        }
    });
    sgd_update(tape, s, p, x, {}, 0, false);
}

}  // namespace netlet::ops
