#include "dispatch/kernel.h"
#include "ops/image/homography_solve.h"

namespace netlet::NETLET_ISA {

template <class T>
NETLET_INLINE void homography(const HomographyArgs<T>& a, Range r) {
    for (int64_t i = r.begin; i < r.end; ++i) solve_homography(a.from + 8 * i, a.to + 8 * i, a.y + 8 * i);
}

NETLET_DEFINE_KERNEL(homography_f32, HomographyArgs<float>) { homography(a, r); }
NETLET_DEFINE_KERNEL(homography_f64, HomographyArgs<double>) { homography(a, r); }

}  // namespace netlet::NETLET_ISA
