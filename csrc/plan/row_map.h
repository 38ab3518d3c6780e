// One byte for each row of a table, for steps that touch few rows. It records which rows of a gradient may differ from
// zero, or which rows of an optimizer's slots have ever been updated.
//
// The bytes describe the rows of other tensors, `of`. Plans update the bytes. If anyone else writes those tensors, the
// next plan notices by the versions of their buffers and sets every byte to `unknown`.
#pragma once
#include <cstring>
#include <memory>
#include <vector>

#include "plan/tensor.h"

namespace netlet {

class RowMap {
  public:
    RowMap(int64_t rows, uint8_t unknown, const std::vector<Tensor>& of)
        : bytes(make_tensor({rows}, DType::u8)), unknown_(unknown) {
        for (const Tensor& t : of) watched_.push_back({t->buffer, never});
        forget();
    }

    const Tensor bytes;  // (rows,) uint8

    // A plan that reads or writes the map begins a write of every buffer that the map watches, and calls begin() with
    // the version before that write. It calls check() before each run, and end() with the version after the write.
    size_t watched() const { return watched_.size(); }
    const std::shared_ptr<Buffer>& buffer(size_t i) const { return watched_[i].buffer; }
    void begin(size_t i, uint64_t before) {
        Watched& w = watched_[i];
        if (!w.buffer->tracked() || w.version != before) forget();
        w.version = never;
        w.expected = before + 1;
    }
    void check() {
        for (const Watched& w : watched_)
            if (!w.buffer->tracked() || w.buffer->version() != w.expected) return forget();
    }
    void end(size_t i, uint64_t after) {
        Watched& w = watched_[i];
        const bool alone = after == w.expected - 1 + Buffer::one_write;
        w.version = alone && !Buffer::being_written(after) ? after : never;
    }

  private:
    static constexpr uint64_t never = UINT64_MAX;
    struct Watched {
        std::shared_ptr<Buffer> buffer;
        uint64_t version;       // the version for which the bytes are valid, or `never`
        uint64_t expected = 0;  // the version while a plan runs, if no one else writes
    };

    void forget() { std::memset(bytes->data(), unknown_, (size_t)bytes->size()); }

    const uint8_t unknown_;
    std::vector<Watched> watched_;
};

using Rows = std::shared_ptr<RowMap>;

}  // namespace netlet
