#include "plan/shared_records.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace netlet {

namespace {

class Sharing {
  public:
    explicit Sharing(Recording& recording)
        : recording_(recording), slot_now_(recording.slots.size()), writers_(recording.slots.size()) {
        std::iota(slot_now_.begin(), slot_now_.end(), 0);
        for (const Record& r : recording.records)
            for (const RecordOperand& o : r.operands)
                if (o.writes && o.slot >= 0) ++writers_[(size_t)o.slot];
    }

    void run() {
        auto& records = recording_.records;
        std::vector<bool> repeats(records.size());
        for (size_t i = 0; i < records.size(); ++i) {
            Record& r = records[i];
            for (RecordOperand& o : r.operands)
                if (o.slot >= 0) o.slot = slot_now_[(size_t)o.slot];
            const bool lasts = r.prepack && result_lasts(r);
            const auto same = lasts ? std::find_if(known_.begin(), known_.end(), [&](size_t k) { return equal(k, i); })
                                    : known_.end();
            repeats[i] = same != known_.end();
            if (repeats[i])
                redirect(r, records[*same]);
            else if (lasts && !r.skip)
                known_.push_back(i);
            std::erase_if(known_, [&](size_t k) { return changes(r, records[k]); });
        }
        size_t i = 0;
        std::erase_if(records, [&](const Record&) { return repeats[i++]; });
    }

  private:
    // Whether nothing but this record writes its results, nor again what it reads from slots.
    bool result_lasts(const Record& r) const {
        return std::all_of(r.operands.begin(), r.operands.end(), [&](const RecordOperand& o) {
            if (o.slot < 0) return !o.writes && o.buffer->tracked();
            const auto slot = (size_t)o.slot;
            if (o.writes) return !o.reads && o.offset == 0 && once(slot);
            return recording_.slots[slot].kind == Slot::Kind::input || once(slot);
        });
    }
    bool once(size_t slot) const { return recording_.slots[slot].kind == Slot::Kind::temporary && writers_[slot] == 1; }

    // Whether two records have the same kernel and arguments, apart from where the results are.
    bool equal(size_t first, size_t second) const {
        const Record &a = recording_.records[first], &b = recording_.records[second];
        return a.kernel.fn == b.kernel.fn && a.units == b.units && a.grain == b.grain &&
               a.operands.size() == b.operands.size() && plain_arguments(first) == plain_arguments(second) &&
               std::equal(a.operands.begin(), a.operands.end(), b.operands.begin(),
                          [](const RecordOperand& x, const RecordOperand& y) {
                              const bool same_place = x.slot == y.slot && x.buffer == y.buffer && x.offset == y.offset;
                              return x.field == y.field && x.writes == y.writes && (x.writes || same_place);
                          });
    }

    // The arguments without pointers. Equal arguments may differ in padding: then both records remain.
    std::vector<std::byte> plain_arguments(size_t i) const {
        const auto& records = recording_.records;
        const auto& args = recording_.args;
        const auto begin = args.begin() + (ptrdiff_t)records[i].args;
        const auto end = i + 1 < records.size() ? args.begin() + (ptrdiff_t)records[i + 1].args : args.end();
        std::vector<std::byte> bytes(begin, end);
        for (const RecordOperand& o : records[i].operands) std::memset(&bytes[o.field], 0, sizeof(void*));
        return bytes;
    }

    void redirect(const Record& from, const Record& to) {
        for (size_t j = 0; j < from.operands.size(); ++j)
            if (from.operands[j].writes) slot_now_[(size_t)from.operands[j].slot] = to.operands[j].slot;
    }

    // Whether r writes memory that `known` has read.
    static bool changes(const Record& r, const Record& known) {
        for (const RecordOperand& w : r.operands)
            for (const RecordOperand& o : known.operands)
                if (w.writes && w.slot < 0 && w.buffer == o.buffer) return true;
        return false;
    }

    Recording& recording_;
    std::vector<int> slot_now_;  // for each slot, the one that has its value
    std::vector<int> writers_;   // of each slot, number of records
    std::vector<size_t> known_;  // records whose results are still what they would compute again
};

}  // namespace

void share_prepacked(Recording& recording) { Sharing(recording).run(); }

}  // namespace netlet
