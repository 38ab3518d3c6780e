// One homography, for both devices.
#pragma once
#include "ops/image/homography_args.h"
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

template <class T>
NETLET_INLINE void solve_homography(const T* from, const T* to, T* y) {
    double a[8][9];
    for (int i = 0; i < 4; ++i) {
        const double px = (double)from[2 * i], py = (double)from[2 * i + 1];
        for (int row = 0; row < 2; ++row) {
            double* r = a[2 * i + row];
            const double target = (double)to[2 * i + row];
            for (int j = 0; j < 6; ++j) r[j] = 0;
            r[3 * row] = px;
            r[3 * row + 1] = py;
            r[3 * row + 2] = 1;
            r[6] = -target * px;
            r[7] = -target * py;
            r[8] = target;
        }
    }
    for (int k = 0; k < 8; ++k) {
        int pivot = k;
        for (int i = k + 1; i < 8; ++i) {
            const double size = a[i][k] < 0 ? -a[i][k] : a[i][k], best = a[pivot][k] < 0 ? -a[pivot][k] : a[pivot][k];
            if (size > best) pivot = i;
        }
        for (int j = k; j < 9; ++j) {
            const double other = a[pivot][j];
            a[pivot][j] = a[k][j];
            a[k][j] = other;
        }
        for (int i = k + 1; i < 8; ++i) {
            const double factor = a[i][k] / a[k][k];
            for (int j = k + 1; j < 9; ++j) a[i][j] -= factor * a[k][j];
        }
    }
    for (int k = 7; k >= 0; --k) {
        for (int j = k + 1; j < 8; ++j) a[k][8] -= a[k][j] * a[j][8];
        a[k][8] /= a[k][k];
        y[k] = (T)a[k][8];
    }
}

}  // namespace netlet::NETLET_ISA
