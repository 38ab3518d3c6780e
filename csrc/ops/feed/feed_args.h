// Feed: y[i] = x[rows[first + i]], with a cast: gathers the next batch from the caller's array, of any type. x (N, row) of type
// `from`, y (B, row) of type `to`; a work unit is a row. x and rows change from step to step, so a cell (FeedCell)
// holds them.
#pragma once
#include "base/types.h"

namespace netlet {

struct FeedCellView {  // plan/record.h's FeedCell, as plain types
    const void* data;
    const int64_t* rows;
    int64_t first;
    int64_t count;
};

struct FeedArgs {
    const FeedCellView* cell;
    void* y;
    int64_t row;    // elements
    int64_t first;  // row of the batch that y begins with
    DType from, to;
};

}  // namespace netlet
