// The loop over time steps for a block of rows, forward and backward: the part that all cells share. A cell defines one
// step:
//
//     product(w)      forward: z = the input's part + h' R, for all rows     backward: the gradient of h', from dz
//     row(w, i)       forward: the gates and the new state of row i          backward: dz of row i, from dh
#pragma once
#include "ops/rnn/rnn_gates.h"
#include "ops/rnn/rnn_panels.h"
#include "simd/prefetch.h"

namespace netlet::NETLET_ISA {

template <class T>
NETLET_INLINE void copy_row(T* to, const T* from, int64_t n) {
    each_vector<Vec<T>>({0, n}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
        lanes.store(from ? lanes.load(from + j) : Vec<T>::zero(), to + j);
    });
}

template <class T>
NETLET_INLINE void scale_row(T* to, const T* from, const T* scale, int64_t n) {
    each_vector<Vec<T>>({0, n}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
        lanes.store(lanes.load(from + j) * lanes.load(scale + j), to + j);
    });
}

// A block of rows at one time step, and its part of scratch.
template <class T, class Args>
struct RowBlock {
    const Args& a;
    int64_t U, GU, first, rows;  // the block is rows [first, first + rows) of the batch
    int64_t step, t;             // t: the position of this step along T
    int64_t u_pitch, z_pitch;    // row pitch of scratch
    T* scratch;

    NETLET_MEMBER_INLINE RowBlock(const Args& args, int64_t unit)
        : a(args),
          U(args.n.U),
          GU(args.n.G * args.n.U),
          first(unit * args.n.rows),
          rows(args.n.B - first < args.n.rows ? args.n.B - first : args.n.rows),
          step(0),
          t(0),
          u_pitch(rnn_pitch(U)),
          z_pitch(rnn_pitch(GU)),
          scratch(args.scratch + first * rnn_scratch_columns(U, args.n.G)) {}

    NETLET_MEMBER_INLINE void go_to(int64_t s) {
        step = s;
        t = a.n.reverse ? a.n.T_ - 1 - s : s;
    }
    // The offset from the gates of a step to those of the next step.
    NETLET_MEMBER_INLINE int64_t onward() const { return a.n.reverse ? -GU : GU; }
    // Scratch holds four arrays (rows, U), numbered 0 to 3, and z (rows, G*U).
    NETLET_MEMBER_INLINE T* scratch_row(int which, int64_t i = 0) const {
        return scratch + (which * a.n.rows + i) * u_pitch;
    }
    NETLET_MEMBER_INLINE T* z(int64_t i = 0) const { return scratch + 4 * a.n.rows * u_pitch + i * z_pitch; }
    // The offset of (row i, this step) in an array (B, T, columns), and of row i in an array (B, columns).
    NETLET_MEMBER_INLINE int64_t at(int64_t i, int64_t columns) const { return ((first + i) * a.n.T_ + t) * columns; }
    NETLET_MEMBER_INLINE int64_t of_row(int64_t i, int64_t columns) const { return (first + i) * columns; }
    NETLET_MEMBER_INLINE bool masked(int64_t i) const { return a.mask && !a.mask[at(i, 1)]; }
};

// ---- forward: scratch array 0 is h, 1 is h' if it is scaled, 2 belongs to the cell ----
template <class T>
struct Forward : RowBlock<T, RnnArgs<T>> {
    using RowBlock<T, RnnArgs<T>>::RowBlock;
    NETLET_MEMBER_INLINE T* h(int64_t i) const { return this->scratch_row(0, i); }
    NETLET_MEMBER_INLINE T* fed(int64_t i) const { return this->scratch_row(this->a.scale ? 1 : 0, i); }
    NETLET_MEMBER_INLINE T* own(int64_t i) const { return this->scratch_row(2, i); }
    NETLET_MEMBER_INLINE T* gates(int64_t i) const { return this->a.gates + this->at(i, this->GU); }
    NETLET_MEMBER_INLINE Init<T> input_part() const { return {gates(0), this->a.n.T_ * this->GU}; }
};

// The product of a forward step: columns [first, first + columns) of z = init + x R, for rows x (rows, U) of scratch.
// The panels of R hold columns from 0 on, and those from another `first` on are `panels_n`. A cell calls it through its
// parameter Product, so the low-precision kernels share the cells.
template <class T>
struct FloatProduct {
    NETLET_MEMBER_INLINE void operator()(const Forward<T>& w, const T* x, int64_t first, int64_t columns,
                                         Init<T> init) const {
        rows_times_panels<Plain<T>>(w.rows, columns, w.U, x, w.u_pitch, first ? w.a.panels_n : w.a.panels,
                                    w.z() + first, w.z_pitch, init);
    }
};

template <class T, class Cell>
static void run_steps_forward(const RnnArgs<T>& a, int64_t unit, const Cell& cell) {
    Forward<T> w(a, unit);
    // The next step's gates are far away in memory for each row: too many streams for the hardware prefetcher.
    const int64_t U = w.U, bytes = w.GU * (int64_t)sizeof(T);
    for (int64_t i = 0; i < w.rows; ++i) {
        copy_row(w.h(i), a.h0 ? a.h0 + w.of_row(i, U) : nullptr, U);
        if (Cell::has_c) copy_row(w.own(i), a.c0 ? a.c0 + w.of_row(i, U) : nullptr, U);
    }
    for (int64_t s = 0; s < a.n.T_; ++s) {
        w.go_to(s);
        for (int64_t i = 0; i < w.rows; ++i) {
            if (a.scale) scale_row(w.fed(i), w.h(i), a.scale + w.of_row(i, U), U);
            if (a.train) copy_row(a.fed + w.at(i, U), w.fed(i), U);
        }
        cell.product(w);
        for (int64_t i = 0; i < w.rows; ++i) {
            if (s + 1 < a.n.T_) prefetch(w.gates(i) + w.onward(), bytes);
            if (!w.masked(i)) cell.row(w, i);
            if (a.y) copy_row(a.y + w.at(i, U), w.h(i), U);
            if (Cell::has_c && a.train) copy_row(a.saved + w.at(i, U), w.own(i), U);
        }
    }
    for (int64_t i = 0; i < w.rows; ++i) {
        copy_row(a.h + w.of_row(i, U), w.h(i), U);
        if (Cell::has_c) copy_row(a.c + w.of_row(i, U), w.own(i), U);
    }
}

// ---- back: scratch array 0 is dh, 1 is dc, 2 is the gradient of h', 3 belongs to the cell ----
template <class T>
struct Back : RowBlock<T, RnnBwdArgs<T>> {
    using RowBlock<T, RnnBwdArgs<T>>::RowBlock;
    NETLET_MEMBER_INLINE T* dh(int64_t i) const { return this->scratch_row(0, i); }
    NETLET_MEMBER_INLINE T* dc(int64_t i) const { return this->scratch_row(1, i); }
    NETLET_MEMBER_INLINE T* dfed(int64_t i) const { return this->scratch_row(2, i); }
    NETLET_MEMBER_INLINE T* own(int64_t i) const { return this->scratch_row(3, i); }
    NETLET_MEMBER_INLINE const T* gates(int64_t i) const { return this->a.gates + this->at(i, this->GU); }
};

// The product of a backward step: to (rows, U) of scratch = or += K columns of dz, from `first` on, times R^T. The panels
// hold the columns from 0 on, and those from another `first` on are `panels_n`.
template <class T>
struct FloatBackProduct {
    NETLET_MEMBER_INLINE void operator()(const Back<T>& w, int64_t first, int64_t K, T* to, bool add) const {
        rows_times_panels<Plain<T>>(w.rows, w.U, K, w.z() + first, w.z_pitch, first ? w.a.panels_n : w.a.panels, to,
                                    w.u_pitch, {add ? to : nullptr, w.u_pitch});
    }
};

template <class T>
NETLET_INLINE void write_gradient(T* to, const T* from, bool add, int64_t n) {
    each_vector<Vec<T>>({0, n}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
        lanes.store(add ? lanes.load(to + j) + lanes.load(from + j) : lanes.load(from + j), to + j);
    });
}

template <class T, class Cell>
static void run_steps_back(const RnnBwdArgs<T>& a, int64_t unit, const Cell& cell) {
    Back<T> w(a, unit);
    const int64_t U = w.U, GU = w.GU, bytes = GU * (int64_t)sizeof(T);
    for (int64_t i = 0; i < w.rows; ++i) {
        copy_row(w.dh(i), a.dh ? a.dh + w.of_row(i, U) : nullptr, U);
        if (Cell::has_c) copy_row(w.dc(i), a.dc ? a.dc + w.of_row(i, U) : nullptr, U);
    }
    for (int64_t s = a.n.T_; s-- > 0;) {
        w.go_to(s);
        for (int64_t i = 0; i < w.rows; ++i) {
            if (s > 0) prefetch(w.gates(i) - w.onward(), bytes);
            if (a.dy) write_gradient(w.dh(i), a.dy + w.at(i, U), true, U);
            if (!w.masked(i)) {
                cell.row(w, i);
                continue;
            }
            copy_row<T>(w.z(i), nullptr, GU);
            copy_row<T>(w.dfed(i), nullptr, U);
            copy_row<T>(a.dz + w.at(i, GU), nullptr, GU);
            if (a.dr) copy_row<T>(a.dr + w.at(i, GU), nullptr, GU);
        }
        cell.product(w);
        for (int64_t i = 0; i < w.rows; ++i) {
            if (w.masked(i)) continue;
            if (a.scale)
                scale_row(w.dh(i), w.dfed(i), a.scale + w.of_row(i, U), U);
            else
                copy_row(w.dh(i), w.dfed(i), U);
        }
    }
    for (int64_t i = 0; i < w.rows; ++i) {
        if (a.dh0) write_gradient(a.dh0 + w.of_row(i, U), w.dh(i), a.add_dh0, U);
        if (Cell::has_c && a.dc0) write_gradient(a.dc0 + w.of_row(i, U), w.dc(i), a.add_dc0, U);
    }
}

}  // namespace netlet::NETLET_ISA
