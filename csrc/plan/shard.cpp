#include "plan/shard.h"

#include "base/error.h"

namespace netlet {

namespace {

thread_local std::optional<ShardOfBatch> current;

}  // namespace

void begin_shard(const ShardOfBatch& shard) {
    if (current) throw RuntimeError("begin_shard: this thread is computing another shard");
    if (shard.rows <= 0 || shard.first_row < 0) throw ValueError("begin_shard: expected at least one row of a batch");
    current = shard;
}

uint32_t end_shard() {
    if (!current) throw RuntimeError("end_shard: this thread is computing no shard");
    const uint32_t next = current->next_stream;
    current.reset();
    return next;
}

std::optional<uint32_t> next_stream_of_shard() {
    if (!current) return std::nullopt;
    return current->next_stream++;
}

int64_t rows_before(const Shape& shape) {
    const bool fits = current && shape.rank() > 0 && shape[0] % current->rows == 0;
    return fits ? shape[0] / current->rows * current->first_row : 0;
}

}  // namespace netlet
