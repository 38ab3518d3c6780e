// A bool that several threads may read and write at the same time. Its accesses do not order other memory accesses.
#pragma once
#include <atomic>

namespace netlet {

class Flag {
  public:
    Flag(bool value = false) : value_(value) {}
    Flag(const Flag& other) : value_((bool)other) {}
    Flag& operator=(const Flag& other) { return *this = (bool)other; }
    Flag& operator=(bool value) {
        value_.store(value, std::memory_order_relaxed);
        return *this;
    }
    operator bool() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<bool> value_;
};

}  // namespace netlet
