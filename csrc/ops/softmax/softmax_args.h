// Softmax, log_softmax, logsumexp and sparsemax along one axis of x (O, N, I): N is that axis, O and I are the products
// of the sizes before and after it. With m = max x and s = sum e^(x - m) over N,
//
//   softmax      y = e^(x - m) / s           dx = y (dy - sum dy y)
//   log_softmax  y = (x - m) - log s         dx = dy - e^y sum dy
//   logsumexp    y = m + log s   (O, I)      dx = dy e^(x - y)
//   sparsemax    sparsemax.h
//
// Nothing overflows, and s >= 1 if x is finite. If all x are -inf, softmax and log_softmax are NaN, as in NumPy (0 /
// 0), and logsumexp is -inf. y is saved for backward, and x for logsumexp only.
//
// I = 1: vectors run along a row, and a work unit is a row. I > 1: each lane has its own column, so nothing is reduced
// across lanes and nothing is transposed; a work unit is softmax_columns columns of one o. Sums are computed over
// blocks of blocks, so that their rounding error does not grow with N (softmax_vectors.h).
#pragma once
#include "base/types.h"

namespace netlet {

constexpr int64_t softmax_columns = 64;  // a multiple of every vector width: the split does not depend on the ISA

enum class SoftmaxKind : int32_t { softmax, log_softmax, logsumexp, sparsemax };

template <class T>
struct SoftmaxArgs {
    const T* x;
    T* y;
    int64_t N, I;
    SoftmaxKind kind;
};

template <class T>
struct SoftmaxGradArgs {
    const T* x;  // logsumexp only
    const T* y;
    const T* dy;
    T* dx;
    int64_t N, I;
    SoftmaxKind kind;
    bool accumulate;  // dx += instead of dx =
};

}  // namespace netlet
