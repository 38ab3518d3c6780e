// Feed: y[i] = x[rows[i]], cast on the way: the next batch out of the caller's array, in whatever type that has.
// x (N, row) of type `from`, y (B, row) of type `to`; a unit of work is a row. What x and rows are changes from step
// to step, so they stand in a cell (FeedCell) and not here.
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
    int64_t row;  // elements
    DType from, to;
};

}  // namespace netlet
