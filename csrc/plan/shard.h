// A shard: some rows of a batch that are computed by themselves, as data-parallel training does. Random ops draw the
// numbers that these rows have in the whole batch.
#pragma once
#include <cstdint>
#include <optional>

#include "base/shape.h"

namespace netlet {

// What this thread computes, from begin_shard to end_shard.
struct ShardOfBatch {
    int64_t rows, first_row;  // it has `rows` rows, from `first_row` of the batch on
    uint32_t next_stream;     // of its random ops, so that all shards of a batch draw from the same streams
};

void begin_shard(const ShardOfBatch& shard);
// Returns the number of the stream that the next random op would have had.
uint32_t end_shard();
// The number of the next random op of this thread's shard; none outside of shards.
std::optional<uint32_t> next_stream_of_shard();

// Of a random tensor of this shape: how many rows of the batch's tensor come before it, and elements in these rows. 0
// outside of shards, and if the first axis does not consist of the shard's rows.
int64_t rows_before(const Shape& shape);
inline int64_t elements_before(const Shape& shape) { return rows_before(shape) * shape.product(1, shape.rank()); }

}  // namespace netlet
