#include "plan/guarded_launch.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/fork.h"
#include "base/guarded_block.h"
#include "base/poison.h"
#include "base/thread_pool.h"
#include "plan/tape.h"

namespace netlet {

namespace {

struct Pointer {
    std::byte* field;  // in the arguments
    int64_t bytes;     // of the operand
    bool reads, writes, by_row;
    int64_t first = 0;  // the byte of the operand that the kernel's units begin at
    std::byte* get() const {
        uintptr_t p;
        std::memcpy(&p, field, sizeof p);
        return (std::byte*)(p + (uintptr_t)first);
    }
    void set(std::byte* begin) const {
        const uintptr_t p = (uintptr_t)begin - (uintptr_t)first;
        std::memcpy(field, &p, sizeof p);
    }
};

constexpr GuardedBlock::Border borders[] = {GuardedBlock::Border::end, GuardedBlock::Border::begin};
// The first is NaN, -1 or true; the second 0.7 as a float, so that adding a number to it changes it.
constexpr unsigned char fills[] = {0xff, 0x3f};

// One operand, or several that overlap (an op may write where it reads), and its copies for the two runs.
struct Group {
    std::byte *begin, *end;
    bool reads, writes;
    std::string name;
    std::vector<const Pointer*> pointers;
    std::unique_ptr<GuardedBlock> copies[2];

    bool overlaps(const Pointer& p) const { return begin < end && p.bytes > 0 && p.get() < end; }
    void add(const Pointer& p, size_t number) {
        end = std::max(end, p.get() + p.bytes);
        reads |= p.reads;
        writes |= p.writes;
        pointers.push_back(&p);
        name += (name.empty() ? "operand " : " and ") + std::to_string(number + 1) + " (" + std::to_string(p.bytes) +
                " bytes, " + (p.reads ? p.writes ? "read and written)" : "read)" : "written)");
    }

    void copy(int run) {
        auto& block = copies[run];
        block = std::make_unique<GuardedBlock>((size_t)(end - begin), borders[run], fills[run]);
        if (reads) std::memcpy(block->data(), begin, block->bytes());
    }
    bool runs_agree() const { return std::memcmp(copies[0]->data(), copies[1]->data(), copies[0]->bytes()) == 0; }
    std::byte at(int run, size_t byte) const { return copies[run]->data()[byte]; }
    // The kernel wrote neither in the first nor in the second run. It may have written what the memory held in one.
    bool untouched(size_t byte) const {
        return !reads && at(0, byte) == std::byte{fills[0]} && at(1, byte) == std::byte{fills[1]};
    }
    void keep_result() const {
        if (runs_agree()) {
            std::memcpy(begin, copies[0]->data(), copies[0]->bytes());
            return;
        }
        for (size_t i = 0; begin + i < end; ++i)
            if (!untouched(i)) begin[i] = at(0, i);
    }
};

std::vector<Group> grouped(const std::vector<Pointer>& pointers) {
    std::vector<size_t> order(pointers.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return pointers[a].get() < pointers[b].get(); });
    std::vector<Group> groups;
    for (size_t i : order) {
        const Pointer& p = pointers[i];
        if (groups.empty() || !groups.back().overlaps(p))
            groups.push_back({p.get(), p.get(), false, false, {}, {}, {}});
        groups.back().add(p, i);
    }
    return groups;
}

struct Launch {
    const Kernel& kernel;
    std::vector<Group> groups;

    std::string name() const { return std::string(kernel.name) + " (" + kernel.isa + ")"; }

    void check(const Group& g) const {
        const std::string where = "guarded launch: " + name() + ": ";
        const auto size = (size_t)(g.end - g.begin);
        for (int run : {0, 1}) {
            if (!g.copies[run]->rest_is_untouched()) throw RuntimeError(where + "wrote beside " + g.name);
            if (!g.writes && std::memcmp(g.copies[run]->data(), g.begin, size) != 0)
                throw RuntimeError(where + "wrote " + g.name);
        }
        if (g.runs_agree()) return;
        for (size_t i = 0; i < size; ++i)
            if (g.at(0, i) != g.at(1, i) && !g.untouched(i))
                throw RuntimeError(where + "byte " + std::to_string(i) + " of " + g.name +
                                   " depends on where the operands are, or on what the memory held before");
    }
};

ForkSafeMutex one_at_a_time;  // guards all of these
const Launch* running = nullptr;
std::set<std::pair<std::string, std::string>> ran;

// Runs in the handler of a signal: allocates nothing.
void report(const void* address) {
    if (!running) return;
    char line[512];
    for (const Group& g : running->groups)
        for (const auto& block : g.copies)
            if (block && block->is_beside_or_in(address)) {
                const auto at = (long)(static_cast<const std::byte*>(address) - block->data());
                std::snprintf(line, sizeof line, "guarded launch: %s (%s): access to byte %ld of %s\n",
                              running->kernel.name, running->kernel.isa, at, g.name.c_str());
                std::fputs(line, stderr);
                return;
            }
    std::snprintf(line, sizeof line, "guarded launch: %s (%s): access far from all operands\n", running->kernel.name,
                  running->kernel.isa);
    std::fputs(line, stderr);
}

// run_kernel(): runs the kernel on what the pointers now point to.
template <class Run> void launch(const Kernel& kernel, const std::vector<Pointer>& pointers, Run run_kernel) {
    Launch now{kernel, grouped(pointers)};
    running = &now;
    for (Group& g : now.groups)
        for (int run : {0, 1}) g.copy(run);
    for (int run : {0, 1}) {
        for (const Group& g : now.groups)
            for (const Pointer* p : g.pointers) p->set(g.copies[run]->data() + (p->get() - g.begin));
        run_kernel();
        for (const Group& g : now.groups)
            for (const Pointer* p : g.pointers) p->set(g.begin + (p->get() - g.copies[run]->data()));
    }
    running = nullptr;
    for (const Group& g : now.groups) now.check(g);
    for (const Group& g : now.groups)
        if (g.writes) g.keep_result();
    ran.insert({kernel.name, kernel.isa});
}

// Units of rows run on each half of the rows by itself, whose operands then hold these rows alone (Work::rows).
void launch(const Kernel& kernel, const void* args, const std::vector<Pointer>& pointers, int64_t units, int64_t grain,
            int64_t rows) {
    const std::lock_guard lock(one_at_a_time);
    const bool apart = rows > 1 && units % rows == 0 && std::all_of(pointers.begin(), pointers.end(), [&](auto& p) {
                           return p.by_row ? p.bytes % rows == 0 : !p.writes;
                       });
    if (!apart) return launch(kernel, pointers, [&] { ThreadPool::instance().run(kernel.fn, args, units, grain); });
    for (const auto [begin, end] : {Range{0, rows / 2}, Range{rows / 2, rows}}) {
        std::vector<Pointer> part = pointers;
        for (Pointer& p : part)
            if (p.by_row) {
                p.first = begin * (p.bytes / rows);
                p.bytes = (end - begin) * (p.bytes / rows);
            }
        const Range of_part{begin * (units / rows), end * (units / rows)};
        launch(kernel, part, [&] { kernel.fn(args, of_part); });
    }
}

// A view that reaches past its buffer would be copied from memory that is not its own. A buffer of no bytes points at
// arrays that change (bindings/eager_matmul.cpp).
void check_view(const Kernel& kernel, const Buffer* buffer, int64_t offset, int64_t bytes) {
    if (buffer && buffer->bytes() && offset + bytes > (int64_t)buffer->bytes())
        throw RuntimeError(std::string("guarded launch: ") + kernel.name + ": an operand of " + std::to_string(bytes) +
                           " bytes at byte " + std::to_string(offset) + " of a buffer of " +
                           std::to_string(buffer->bytes()));
}

}  // namespace

void guard_launches(bool on) {
    if (on) GuardedBlock(1, GuardedBlock::Border::end, 0);  // throws where there is no such memory
    if (on) report_invalid_access(report);
    poison_new_buffers = on;
    launches_are_guarded = on;
}

std::set<std::pair<std::string, std::string>> guarded_kernels() {
    const std::lock_guard lock(one_at_a_time);
    return ran;
}

void launch_guarded(const Kernel& kernel, void* args, std::span<const Operand> operands, const Work& work) {
    std::vector<Pointer> pointers;
    for (const Operand& o : operands) {
        if (!o.tensor) continue;
        check_view(kernel, o.tensor->buffer.get(), o.tensor->offset, o.tensor->bytes());
        pointers.push_back({static_cast<std::byte*>(o.field), o.tensor->bytes(), o.reads, o.writes, o.by_row});
    }
    launch(kernel, args, pointers, work.units, work.grain, work.rows);
}

void launch_guarded(const Record& record, std::byte* args) {
    std::vector<Pointer> pointers;
    for (const RecordOperand& o : record.operands) {
        const int64_t bytes = o.shape.size() * (int64_t)size_of(o.dtype);
        check_view(record.kernel, o.buffer.get(), o.offset, bytes);
        pointers.push_back({args + o.field, bytes, o.reads, o.writes, o.by_row});
    }
    launch(record.kernel, args, pointers, record.units, record.grain, record.rows);
}

}  // namespace netlet
