// What is known of the rows of a table, one byte each, where a step touches few of them: which rows of a gradient may
// differ from zero, which rows of an optimizer's slots were ever moved.
//
// The bytes speak of other memory (`of`). Plans bring them up to date; once anybody else has written that memory, a plan
// notices by the version of its buffers before it runs, and every byte becomes `unknown`.
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

    // Before a plan that reads and writes the map runs, and after it has run.
    void refresh() {
        for (const Watched& w : watched_)
            if (!w.buffer->tracked() || w.buffer->version() != w.version) return forget();
    }
    void settle() {
        for (Watched& w : watched_) w.version = w.buffer->version();
    }

  private:
    static constexpr uint64_t never = UINT64_MAX;
    struct Watched {
        std::shared_ptr<Buffer> buffer;
        uint64_t version;
    };

    void forget() { std::memset(bytes->data(), unknown_, (size_t)bytes->size()); }

    const uint8_t unknown_;
    std::vector<Watched> watched_;
};

using Rows = std::shared_ptr<RowMap>;

}  // namespace netlet
