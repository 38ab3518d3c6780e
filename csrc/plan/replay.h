// Running a part of a step again: its random ops must draw the same numbers, and it must not update state a second
// time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace netlet {

// The numbers that Tape::next_stream returned to this thread during the lifetime of a StreamLog.
using Streams = std::vector<uint32_t>;

// Writes the numbers of this thread's random ops to `streams`. Nests.
class StreamLog {
  public:
    explicit StreamLog(Streams& streams);
    ~StreamLog();
    StreamLog(const StreamLog&) = delete;
    StreamLog& operator=(const StreamLog&) = delete;
};

// During its lifetime, this thread's random ops get these numbers again, and Tape::at_end does nothing.
class Replay {
  public:
    explicit Replay(const Streams& streams);
    ~Replay();
    Replay(const Replay&) = delete;
    Replay& operator=(const Replay&) = delete;
};

bool replaying();
// What next_stream returns: the next number of the innermost Replay that has one left, else fresh(). The StreamLogs
// inside that Replay note it too.
uint32_t stream_or(const std::function<uint32_t()>& fresh);

}  // namespace netlet
