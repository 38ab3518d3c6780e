// Values that are known while a step is recorded. A layer's `call` computes shapes and masks from constants by
// ordinary ops, which are recorded. When Python asks for such a value, the records that compute it run once, at once
// and outside of any plan.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "plan/launch.h"
#include "plan/tape.h"

namespace netlet {

namespace {

// The records that write the slot and, recursively, those that write the slots that they read, in recorded order.
// Empty if one of them reads an input or memory that is not constant, or writes anything but temporary slots. Empty
// also if records of several branches write one slot, since only a run decides which of them it skips.
std::vector<const Record*> records_behind(const Recording& recording, int slot) {
    std::unordered_map<int, bool> wanted{{slot, true}};
    std::unordered_map<int, const Skip*> branch_of;
    std::vector<const Record*> found;
    for (auto r = recording.records.rbegin(); r != recording.records.rend(); ++r) {
        const auto& operands = r->operands;
        const bool writes_wanted = std::any_of(operands.begin(), operands.end(), [&](const RecordOperand& o) {
            return o.writes && o.slot >= 0 && wanted.count(o.slot);
        });
        if (!writes_wanted) continue;
        for (const RecordOperand& o : operands) {
            if (o.slot < 0 && (o.writes || !o.constant)) return {};
            if (o.slot >= 0) wanted[o.slot] = true;
            if (o.slot >= 0 && o.writes && branch_of.try_emplace(o.slot, r->skip.get()).first->second != r->skip.get())
                return {};
        }
        found.push_back(&*r);
    }
    for (const auto& [s, _] : wanted)
        if (recording.slots[(size_t)s].kind != Slot::Kind::temporary) return {};
    std::reverse(found.begin(), found.end());
    return found;
}

}  // namespace

Tensor Tape::known_value(const Tensor& x) const {
    if (!recording() || !x->recorded() || x->recording != id_) return nullptr;
    const auto records = records_behind(recording_, x->slot);
    if (records.empty()) return nullptr;
    std::unordered_map<int, std::shared_ptr<Buffer>> slots;
    for (const Record* r : records) {
        const auto next = (size_t)(r - recording_.records.data()) + 1;
        const size_t end = next < recording_.records.size() ? recording_.records[next].args : recording_.args.size();
        const auto args = Buffer::allocate(end - r->args);
        std::memcpy(args->data(), recording_.args.data() + r->args, end - r->args);
        for (const RecordOperand& o : r->operands) {
            std::shared_ptr<Buffer> buffer = o.buffer;
            if (o.slot >= 0) {
                auto& own = slots[o.slot];
                if (!own) own = Buffer::allocate((size_t)recording_.slots[(size_t)o.slot].bytes, device_);
                buffer = own;
            }
            const void* p = buffer->data() + o.offset;
            std::memcpy(args->data() + o.field, &p, sizeof p);
        }
        run_kernel(device_, r->kernel, args->data(), r->units, r->grain);
    }
    auto y = std::make_shared<TensorImpl>(*x);
    y->slot = -1;
    y->recording = 0;
    y->buffer = slots[x->slot];
    y->mask = nullptr;
    y->requires_grad = false;
    return y;
}

}  // namespace netlet
