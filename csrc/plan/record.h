// What a recording consists of. Plans see records, never op names.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plan/row_map.h"
#include "plan/tensor.h"

namespace netlet {

// One pointer inside a record's arguments.
struct RecordOperand {
    uint32_t field;                  // byte offset of the pointer inside the arguments
    int slot = -1;                   // the slot that it points into, or -1 if it points into `buffer`
    std::shared_ptr<Buffer> buffer;  // memory that exists before the plan
    int64_t offset = 0;              // bytes from the start of the slot or the buffer
    Shape shape;
    DType dtype;
    bool reads, writes;
    bool constant = false;  // no step changes the value, so it is known during recording
    bool by_row = false;    // see Work::rows
};

// A run leaves out the records of this condition while the flag is not 0, or while it leaves out those of `outer`.
struct Skip {
    Tensor flag;  // one int32 in memory that exists before the plan
    std::shared_ptr<const Skip> outer;
    bool now() const { return *flag->data<int32_t>() || (outer && outer->now()); }
};

struct Record {
    Kernel kernel;
    size_t args;  // byte offset into Recording::args
    size_t args_bytes;
    int64_t units, grain;
    int64_t rows;  // see Work::rows; 0 if it does not say
    double flops;
    bool prepack;  // see Work; in a plan: the result is cached across runs
    std::vector<RecordOperand> operands;
    std::string scope;         // the layer that it was emitted for
    int32_t* guard = nullptr;  // the run ends after this record if *guard is not 0
    std::shared_ptr<const Skip> skip = nullptr;
    bool skipped() const { return skip && skip->now(); }
};

// A value that records write or read. The memory plan assigns a place in the arena to temporaries; the caller supplies
// the memory of inputs and outputs.
struct Slot {
    enum class Kind { temporary, input, output };
    Kind kind = Kind::temporary;
    int64_t bytes = 0;
};

// The rows of a fed array that the next step uses. Gather records read them from this cell, so that they can change
// between steps. If `rows` is null, they are the `count` rows from `first` on.
struct FeedCell {
    const void* data;
    const int64_t* rows;
    int64_t first;
    int64_t count;
};

// An array that the caller supplies: either a slot, which points at the caller's memory, or a FeedCell.
struct Source {
    std::string name;
    Shape shape;
    DType dtype;
    int slot;
    Tensor cell;
};

// A slot that the plan writes for the caller, and the shape of that output.
struct Output {
    int slot;
    Shape shape;
    DType dtype;
};

struct Recording {
    std::vector<Record> records;
    std::vector<Slot> slots;
    std::vector<Source> sources;  // in the caller's order
    std::vector<Output> outputs;  // in the caller's order
    std::vector<std::byte> args;  // all argument structs, each 16-byte aligned
    std::vector<Rows> row_maps;   // those that records read or write
};

}  // namespace netlet
