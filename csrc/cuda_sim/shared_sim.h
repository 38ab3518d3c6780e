// Shared memory of the simulated GPU, the twin of cuda/shared.h. Every access is checked: its bounds, that the memory
// was written before it is read, and that a barrier lies between the accesses of two threads of which one writes.
#pragma once
#include <type_traits>

#include "scheduler.h"

namespace netlet::sim {

// What is known of 4 bytes of shared memory. Times are those of `Now`; an entry older than the block says nothing.
struct Word {
    uint32_t write_time, read_time;
    uint16_t writer, reader;          // the latest
    uint8_t write_bytes, read_bytes;  // bit i: byte i of the word, of that write or read
    uint8_t valid_bytes;              // bit i: byte i was written by this block
    uint8_t readers : 2, atomic : 1,
        in_flight : 1;  // Readers; whether the writer was atomic; a copy that nobody awaited
};
enum Readers : uint8_t { one_thread, one_warp, several_warps };

alignas(16) inline unsigned char shared_memory[most_shared];
inline Word shared_words[most_shared / 4];

enum class Access : uint8_t { read, write, atomic, copy };

// Report what is wrong with an access, or return if it is nothing.
[[noreturn]] void report_bounds(int64_t byte, size_t size, int64_t low, int64_t high);
void check_other_thread(Word& word, uint32_t at, unsigned bytes, Access access, const void* value);
[[noreturn]] void report_invalid(const Word& word, uint32_t at);

inline bool same_warp(uint16_t thread) { return thread / 32 == now.thread / 32; }
// Since when accesses of that thread are not ordered with this thread's by a barrier.
inline uint32_t unordered_since(uint16_t thread) {
    return same_warp(thread) ? now.warp_barrier[now.thread / 32] : now.barrier;
}

inline void check_read(uint32_t at, unsigned bytes) {
    Word& w = shared_words[at / 4];
    if (w.write_time < now.block_start || (w.valid_bytes & bytes) != bytes) report_invalid(w, at);
    if (w.write_time >= now.barrier && w.writer != now.thread) check_other_thread(w, at, bytes, Access::read, nullptr);
    if (w.read_time >= now.barrier && w.reader != now.thread && (w.read_bytes & bytes)) {
        w.read_bytes &= (uint8_t)bytes;
        if (!same_warp(w.reader))
            w.readers = several_warps;
        else if (w.readers == one_thread)
            w.readers = one_warp;
    } else if (w.read_time < now.barrier || w.reader != now.thread) {
        w.readers = one_thread;
        w.read_bytes = (uint8_t)bytes;
    } else {
        w.read_bytes |= w.readers == one_thread ? (uint8_t)bytes : 0;
    }
    w.reader = now.thread;
    w.read_time = now.time;
}

// `value`: what is written to the word's bytes, or null if that is not known yet.
inline void check_write(uint32_t at, unsigned bytes, Access access, const void* value) {
    Word& w = shared_words[at / 4];
    if ((w.write_time >= now.barrier && w.writer != now.thread) || w.read_time >= now.barrier)
        check_other_thread(w, at, bytes, access, value);
    if (w.write_time < now.block_start) w.valid_bytes = 0;
    if (access == Access::atomic && (w.valid_bytes & bytes) != bytes) report_invalid(w, at);
    const bool copy = access == Access::copy;
    w.valid_bytes = (uint8_t)(copy ? w.valid_bytes & ~bytes : w.valid_bytes | bytes);
    w.write_bytes = (uint8_t)(w.write_time == now.time && w.writer == now.thread ? w.write_bytes | bytes : bytes);
    w.in_flight = copy;
    w.atomic = access == Access::atomic;
    w.writer = now.thread;
    w.write_time = now.time;
}

// Checks an access of `Size` bytes at that byte of shared memory, inside of an array from `low` to `high`.
template <int Size> inline void check(int64_t byte, int64_t low, int64_t high, Access access, const void* value) {
    if (byte < low || byte + Size > high || byte % (Size & -Size)) [[unlikely]]
        report_bounds(byte, Size, low, high);
    const uint32_t at = (uint32_t)byte;
    if constexpr (Size < 4) {
        constexpr unsigned bytes = (1u << Size) - 1;
        if (access == Access::read)
            check_read(at, bytes << at % 4);
        else
            check_write(at, bytes << at % 4, access, value);
    } else {
        for (uint32_t i = 0; i < Size; i += 4) {
            if (access == Access::read)
                check_read(at + i, 15);
            else
                check_write(at + i, 15, access, value ? static_cast<const char*>(value) + i : nullptr);
        }
    }
}

// An asynchronous copy of `size` bytes to that byte of shared memory (zeros without `from`), and its groups.
void begin_copy(int64_t byte, int size, const void* from);
void end_copy_group();
void await_copies(int pending_groups);
void begin_block_copies();  // a block starts: none is under way
void restart_time();

}  // namespace netlet::sim

namespace netlet::cuda {

template <class T> class Shared;

// The element that operator[] returns. It is used at once: `auto x = s[i]` has no value. Write `float x = s[i]`.
template <class T> class SharedElement {
  public:
    SharedElement(const SharedElement&) = delete;
    operator T() && { return at_.get(); }
    void operator=(T value) && { at_.set(value); }
    void operator=(SharedElement&& other) && { at_.set(other.at_.get()); }
    void operator+=(T value) && { at_.set((T)(at_.get() + value)); }
    void operator-=(T value) && { at_.set((T)(at_.get() - value)); }
    void operator*=(T value) && { at_.set((T)(at_.get() * value)); }
    void operator/=(T value) && { at_.set((T)(at_.get() / value)); }
    void operator|=(T value) && { at_.set((T)(at_.get() | value)); }
    void operator&=(T value) && { at_.set((T)(at_.get() & value)); }
    void operator^=(T value) && { at_.set((T)(at_.get() ^ value)); }
    void operator++() && { at_.set((T)(at_.get() + 1)); }
    void operator--() && { at_.set((T)(at_.get() - 1)); }
    Shared<T> operator&() && { return at_; }

  private:
    friend class Shared<T>;
    explicit SharedElement(Shared<T> at) : at_(at) {}
    Shared<T> at_;
};

// A pointer into an array of shared memory that knows the array's bounds.
template <class T> class Shared {
    using Value = std::remove_const_t<T>;

  public:
    Shared() = default;
    Shared(int64_t byte, int64_t low, int64_t high) : byte_(byte), low_(low), high_(high) {}
    template <class U>
        requires(std::is_same_v<const U, T> && !std::is_const_v<U>)
    Shared(Shared<U> other) : Shared(other.byte(), other.low(), other.high()) {}

    auto operator[](int64_t i) const {
        if constexpr (std::is_const_v<T>)
            return (*this + i).get();
        else
            return SharedElement<T>(*this + i);
    }
    auto operator*() const { return (*this)[0]; }
    Shared operator+(int64_t i) const { return {byte_ + i * (int64_t)sizeof(T), low_, high_}; }
    Shared operator-(int64_t i) const { return *this + -i; }
    Shared& operator+=(int64_t i) { return *this = *this + i; }
    Shared& operator-=(int64_t i) { return *this = *this + -i; }
    Shared& operator++() { return *this += 1; }
    int64_t operator-(Shared other) const { return (byte_ - other.byte_) / (int64_t)sizeof(T); }
    bool operator==(const Shared&) const = default;

    int64_t byte() const { return byte_; }
    int64_t low() const { return low_; }
    int64_t high() const { return high_; }

    // A load and a store of a V, which may be several elements.
    template <class V = Value> V get() const {
        sim::check<sizeof(V)>(byte_, low_, high_, sim::Access::read, nullptr);
        return *reinterpret_cast<const V*>(sim::shared_memory + byte_);
    }
    template <class V = Value> void set(V value, sim::Access access = sim::Access::write) const {
        static_assert(!std::is_const_v<T>);
        sim::check<sizeof(V)>(byte_, low_, high_, access, &value);
        *reinterpret_cast<V*>(sim::shared_memory + byte_) = value;
    }
    // An atomic: it may meet other atomics, but no plain access.
    template <class Operation> Value update(Operation operation) const {
        static_assert(sizeof(T) == 4 || sizeof(T) == 8, "atomics take values of 4 or 8 bytes");
        sim::check<sizeof(T)>(byte_, low_, high_, sim::Access::atomic, nullptr);
        const Value old = *reinterpret_cast<const Value*>(sim::shared_memory + byte_);
        *reinterpret_cast<Value*>(sim::shared_memory + byte_) = (Value)operation(old);
        return old;
    }

  private:
    int64_t byte_ = 0, low_ = 0, high_ = 0;
};

template <class T> inline Shared<T> shared_array(int byte, int count) {
    const int64_t high = byte + (int64_t)count * (int64_t)sizeof(T);
    if (byte < 0 || byte % 16 || count < 0 || high > (int64_t)sim::now.shared_bytes)
        sim::fail("shared_array of " + std::to_string(count) + " elements at byte " + std::to_string(byte) +
                  ": expected a multiple of 16 and an end within the " + std::to_string(sim::now.shared_bytes) +
                  " bytes that launch was given, received the end " + std::to_string(high));
    return {byte, byte, high};
}

template <class T>
concept FloatElement = std::is_same_v<std::remove_const_t<T>, float>;
template <FloatElement T> inline float4 load4(Shared<T> p) { return p.template get<float4>(); }
inline void store4(Shared<float> p, float4 v) { p.set<float4>(v); }
template <class T> inline uint4 load16(Shared<const T> p) { return p.template get<uint4>(); }
template <class T> inline uint4 load16(Shared<T> p) { return p.template get<uint4>(); }
template <class T> inline void store16(Shared<T> p, uint4 v) { p.template set<uint4>(v); }
template <class T> inline void store_word(Shared<T> p, uint32_t v) { p.template set<uint32_t>(v); }

template <int Size, class T> inline void begin_copy(Shared<T> to, const void* from, bool valid) {
    sim::check<Size>(to.byte(), to.low(), to.high(), sim::Access::copy, nullptr);
    if (valid && reinterpret_cast<uintptr_t>(from) % Size)
        sim::fail("cp.async of " + std::to_string(Size) + " bytes from an address that is no multiple of that");
    sim::begin_copy(to.byte(), Size, valid ? from : nullptr);
}
template <class T> inline void copy_async16(Shared<T> to, const std::type_identity_t<T>* from, bool valid = true) {
    begin_copy<16>(to, from, valid);
}
template <class T> inline void copy_async4(Shared<T> to, const std::type_identity_t<T>* from, bool valid = true) {
    begin_copy<4>(to, from, valid);
}
template <class T> inline void copy_async8(Shared<T> to, const std::type_identity_t<T>* from, bool valid = true) {
    begin_copy<8>(to, from, valid);
}
inline void copy_async_commit() { sim::end_copy_group(); }
template <int Pending> inline void copy_async_wait() { sim::await_copies(Pending); }

}  // namespace netlet::cuda

#define NETLET_SHARED_ATOMIC(name, result)                                                                             \
    template <class T> inline T name(netlet::cuda::Shared<T> p, std::type_identity_t<T> value) {                       \
        return p.update([value]([[maybe_unused]] T old) { return result; });                                           \
    }
NETLET_SHARED_ATOMIC(atomicAdd, old + value)
NETLET_SHARED_ATOMIC(atomicSub, old - value)
NETLET_SHARED_ATOMIC(atomicMax, value > old ? value : old)
NETLET_SHARED_ATOMIC(atomicMin, value < old ? value : old)
NETLET_SHARED_ATOMIC(atomicOr, old | value)
NETLET_SHARED_ATOMIC(atomicAnd, old& value)
NETLET_SHARED_ATOMIC(atomicXor, old ^ value)
NETLET_SHARED_ATOMIC(atomicExch, value)
#undef NETLET_SHARED_ATOMIC
template <class T>
inline T atomicCAS(netlet::cuda::Shared<T> p, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
    return p.update([=](T old) { return old == expected ? value : old; });
}
