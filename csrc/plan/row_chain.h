// Chains of records that a plan runs a few rows of the batch at a time.
//
// A batch of images flows through layers whose values do not fit the caches, and no image needs another one. Where the
// records say so (Work::rows), the plan runs all records of a chain on a block of rows before it goes on to the next
// block. What one record writes and only later ones of the chain read has the memory of a few blocks, in place of the
// whole batch, and is still in a cache when it is read. Each kernel computes the same units of work from the same
// values, so the bits are those of record after record. The threads share the blocks.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "plan/record.h"

namespace netlet {

struct RowChain {
    size_t first, last;   // records [first, last)
    int64_t rows, block;  // how many rows the records tell apart, and those of a block
    int64_t bytes;        // private memory of one block
    int64_t places;       // how many blocks can have private memory at the same time
    // The pointers to private memory, in the order of the records: a block's first row lies at `offset` of its memory.
    struct Private {
        size_t record;
        int slot;
        uint32_t field;
        int64_t offset, row_bytes;
    };
    std::vector<Private> privates;
    int64_t blocks() const { return (rows + block - 1) / block; }
};

// The chains in records [from, ...), where they save the memory of large values.
std::vector<RowChain> find_row_chains(const Recording& recording, size_t from);

// The private memory of a chain's blocks, and which of it is in use.
struct RowChainMemory {
    std::byte* begin = nullptr;
    std::atomic<uint64_t> in_use{0};  // a bit for each place
};

// Is called after each record of each block, one call at a time: with the record, its arguments, whose private pointers
// are those of the block, the rows [begin, end) that it has computed, and the seconds that it took.
using RowChainObserver = std::function<void(size_t record, const std::byte* args, int64_t begin, int64_t end, double)>;

// Runs the chain, on all threads or on this one. `args`: of all records. `observer` may be empty.
void run_row_chain(const RowChain& chain, const std::vector<Record>& records, const std::byte* args,
                   RowChainMemory& memory, bool all_threads, const RowChainObserver& observer);

}  // namespace netlet
