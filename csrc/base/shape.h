// The dimensions of a row-major tensor. Fixed capacity, so that shapes never allocate.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>

#include "base/compiler.h"
#include "base/error.h"

namespace netlet {

class Shape {
  public:
    static constexpr int max_rank = 8;

    Shape() = default;
    Shape(std::initializer_list<int64_t> dims) {
        for (int64_t d : dims) push_back(d);
    }

    int rank() const { return rank_; }
    int64_t operator[](int axis) const { return dims_[axis]; }
    int64_t& operator[](int axis) { return dims_[axis]; }
    int64_t back() const { return dims_[rank_ - 1]; }
    const int64_t* begin() const { return dims_; }
    const int64_t* end() const { return dims_ + rank_; }

    void push_back(int64_t extent) {
        if (rank_ == max_rank) throw ValueError("expected a shape with at most 8 axes, received more");
        if (extent < 0) throw ValueError("expected a shape without negative sizes, received " + std::to_string(extent));
        dims_[rank_++] = extent;
    }

    // The number of elements. Throws ValueError if it does not fit in 63 bits.
    int64_t size() const { return product(0, rank_); }
    int64_t product(int first, int last) const {
        int64_t n = 1;
        for (int i = first; i < last; ++i)
            if (multiply_overflows(n, dims_[i], &n)) throw ValueError("shape " + str() + " has too many elements");
        return n;
    }

    // The index along each axis of the element with the flat (row-major) index i.
    Shape place(int64_t i) const {
        Shape at = *this;
        for (int axis = rank_; axis-- > 0; i /= dims_[axis]) at[axis] = i % dims_[axis];
        return at;
    }

    bool operator==(const Shape& o) const {
        if (rank_ != o.rank_) return false;
        for (int i = 0; i < rank_; ++i)
            if (dims_[i] != o.dims_[i]) return false;
        return true;
    }
    bool operator!=(const Shape& o) const { return !(*this == o); }

    std::string str() const {
        std::string s = "(";
        for (int i = 0; i < rank_; ++i) {
            if (i) s += ", ";
            s += std::to_string(dims_[i]);
        }
        return s + (rank_ == 1 ? ",)" : ")");
    }

  private:
    int64_t dims_[max_rank] = {};
    int rank_ = 0;
};

// a / b rounded up, for a >= 0 and b > 0.
inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Maps a Python-style axis (negative counts from the end) to 0..rank-1.
inline int normalize_axis(int axis, int rank, const char* op) {
    if (axis < -rank || axis >= rank)
        throw ValueError(std::string(op) + ": axis " + std::to_string(axis) + " is out of bounds for a tensor with " +
                         std::to_string(rank) + " axes");
    return axis < 0 ? axis + rank : axis;
}

}  // namespace netlet
