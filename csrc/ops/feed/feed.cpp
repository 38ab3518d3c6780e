#include "ops/feed/feed.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/feed/feed_args.h"

namespace netlet::ops {

Tensor feed(Tape& tape, const Shape& shape, DType from, DType to, const std::string& name, int64_t first,
            int64_t rows) {
    if (!tape.recording()) throw RuntimeError("feed: only a recording tape can be fed");
    if (shape.rank() == 0) throw ValueError("feed: expected a shape with a batch axis, received ()");
    if (rows < 0) rows = shape[0] - first;
    if (first < 0 || rows < 0 || first + rows > shape[0])
        throw ValueError("feed: expected rows within a batch of " + std::to_string(shape[0]) + ", received " +
                         std::to_string(rows) + " from row " + std::to_string(first) + " on");
    static_assert(sizeof(FeedCell) == sizeof(FeedCellView));
    Tensor cell = make_zeros({(int64_t)sizeof(FeedCell)}, DType::u8, tape.device());
    cell->variable = true;  // its value changes from step to step
    tape.add_feed(cell, shape, from, name);

    Shape taken = shape;
    taken[0] = rows;
    Tensor y = tape.empty(taken, to);
    FeedArgs args{};
    args.row = shape.product(1, shape.rank());
    args.first = first;
    args.from = from;
    args.to = to;
    const int64_t rows_in_a_chunk = grain_for(16384, args.row);
    tape.emit(kernel(KernelId::feed), args, {in(args.cell, cell), out(args.y, y)}, Work{rows, rows_in_a_chunk, 0});
    return y;
}

}  // namespace netlet::ops
