#include "ops/feed/feed.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/feed/feed_args.h"

namespace netlet::ops {

Tensor feed(Tape& tape, const Shape& shape, DType from, DType to, const std::string& name) {
    if (!tape.recording()) throw RuntimeError("feed: only a recording tape can be fed");
    if (shape.rank() == 0) throw ValueError("feed: expected a shape with a batch axis, received ()");
    static_assert(sizeof(FeedCell) == sizeof(FeedCellView));
    Tensor cell = make_zeros({(int64_t)sizeof(FeedCell)}, DType::u8, tape.device());
    cell->variable = true;  // its value changes from step to step
    tape.add_feed(cell, shape, from, name);

    Tensor y = tape.empty(shape, to);
    FeedArgs args{};
    args.row = shape.product(1, shape.rank());
    args.from = from;
    args.to = to;
    const int64_t rows_in_a_chunk = grain_for(16384, args.row);
    tape.emit(kernel(KernelId::feed), args, {in(args.cell, cell), out(args.y, y)}, Work{shape[0], rows_in_a_chunk, 0});
    return y;
}

}  // namespace netlet::ops
