#include "ops/quant/quant_layout.h"

namespace netlet::ops {

std::optional<QuantView> QuantLayout::view() const {
    QuantView v;
    for (int i = 0; i < shape.rank(); ++i) {
        if (shape[i] == 1) continue;
        if (shared[i] && v.inner > 1) return std::nullopt;
        (shared[i] ? v.n : v.n > 1 ? v.inner : v.outer) *= shape[i];
    }
    return v;
}

std::vector<int> QuantLayout::shared_last() const {
    std::vector<int> order;
    for (bool want : {false, true})
        for (int i = 0; i < shape.rank(); ++i)
            if (shared[i] == want) order.push_back(i);
    return order;
}

QuantLayout layout_of_scale(const char* op, const Shape& q, const Shape& scale) {
    QuantLayout layout;
    const bool one = scale.size() == 1;
    bool fits = one || scale.rank() == q.rank();
    for (int i = 0; fits && i < q.rank(); ++i) {
        const int64_t n = q[i], s = one ? 1 : scale[i];
        fits = s == n || (s > 0 && n % s == 0);
        if (!fits) break;
        if (s != 1 && s != n) {
            layout.push(s, false);
            layout.push(n / s, true);
        } else {
            layout.push(n, s == 1);
        }
    }
    if (!fits)
        throw ValueError(std::string(op) +
                         ": expected a scale of one number, or of sizes that divide those of the codes " + q.str() +
                         ", received shape " + scale.str());
    return layout;
}

void check_zero(const char* op, const Tensor& zero, DType codes, const Shape& scale) {
    if (zero && (zero->dtype != codes || zero->shape != scale))
        throw ValueError(std::string(op) + ": expected a zero point of " + name_of(codes) + " and the scale's shape " +
                         scale.str() + ", received " + name_of(zero->dtype) + " of shape " + zero->shape.str());
}

}  // namespace netlet::ops
