#include "dispatch/kernel.h"
#include "ops/copy/convert.h"
#include "ops/feed/feed_args.h"

namespace netlet::NETLET_ISA {

NETLET_DEFINE_KERNEL(feed, FeedArgs) {
    const FeedCellView& cell = *a.cell;
    const char* x = static_cast<const char*>(cell.data);
    char* y = static_cast<char*>(a.y);
    const int64_t x_row = a.row * element_bytes(a.from), y_row = a.row * element_bytes(a.to);
    if (!cell.rows) {
        convert(a.from, a.to, x + (cell.first + a.first + r.begin) * x_row, y + r.begin * y_row,
                (r.end - r.begin) * a.row);
        return;
    }
    const int64_t* rows = cell.rows + a.first;
    for (int64_t i = r.begin; i < r.end; ++i) convert(a.from, a.to, x + rows[i] * x_row, y + i * y_row, a.row);
}

}  // namespace netlet::NETLET_ISA
