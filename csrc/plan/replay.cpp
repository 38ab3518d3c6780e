#include "plan/replay.h"

#include "plan/shard.h"

namespace netlet {

namespace {

// One StreamLog or Replay of this thread.
struct Level {
    Streams* log = nullptr;
    const Streams* replay = nullptr;
    std::size_t at = 0;
};
thread_local std::vector<Level> levels;

uint32_t next_stream(const std::function<uint32_t()>& fresh) {
    const std::optional<uint32_t> of_shard = next_stream_of_shard();
    return of_shard ? *of_shard : fresh();
}

}  // namespace

StreamLog::StreamLog(Streams& streams) { levels.push_back({&streams, nullptr, 0}); }
StreamLog::~StreamLog() { levels.pop_back(); }

Replay::Replay(const Streams& streams) { levels.push_back({nullptr, &streams, 0}); }
Replay::~Replay() { levels.pop_back(); }

bool replaying() {
    for (const Level& level : levels)
        if (level.replay) return true;
    return false;
}

uint32_t stream_or(const std::function<uint32_t()>& fresh) {
    std::size_t i = levels.size();
    while (i > 0 && !(levels[i - 1].replay && levels[i - 1].at < levels[i - 1].replay->size())) --i;
    const uint32_t stream = i > 0 ? (*levels[i - 1].replay)[levels[i - 1].at++] : next_stream(fresh);
    for (std::size_t k = i; k < levels.size(); ++k)
        if (levels[k].log) levels[k].log->push_back(stream);
    return stream;
}

}  // namespace netlet
