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
    int slot = -1;                   // the slot that it points into, or -1:
    std::shared_ptr<Buffer> buffer;  // memory that exists before the plan does
    int64_t offset = 0;              // bytes from the start of either
    Shape shape;
    DType dtype;
    bool reads, writes;
    bool constant = false;  // nothing that a step changes: a number that is known while it is recorded
};

struct Record {
    Kernel kernel;
    size_t args;  // byte offset into Recording::args
    int64_t units, grain;
    double flops;
    bool prepack;  // see Work; in a plan: is kept
    std::vector<RecordOperand> operands;
    std::string scope;         // the layer that it was emitted for
    int32_t* guard = nullptr;  // abandon the run after this record if this is not 0 then
};

// A piece of the arena, until packing gives it a place.
struct Slot {
    enum class Kind { temporary, input, output };
    Kind kind = Kind::temporary;
    int64_t bytes = 0;
};

// Where the next rows of a fed array are: a small cell that gather records read, so that the rows can change between
// steps. `rows` null means the `count` rows from `first` on.
struct FeedCell {
    const void* data;
    const int64_t* rows;
    int64_t first;
    int64_t count;
};

// One array that the caller supplies: either a slot that is pointed at the caller's memory, or a FeedCell.
struct Source {
    std::string name;
    Shape shape;
    DType dtype;
    int slot;
    Tensor cell;
};

// A slot that the caller receives, under the shape that it has as an output.
struct Output {
    int slot;
    Shape shape;
    DType dtype;
};

struct Recording {
    std::vector<Record> records;
    std::vector<Slot> slots;
    std::vector<Source> sources;  // in the caller's order
    std::vector<Output> outputs;  // likewise
    std::vector<std::byte> args;  // all argument structs, each 16-byte aligned
    std::vector<Rows> row_maps;   // those that records read and write
};

}  // namespace netlet
