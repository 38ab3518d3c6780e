#include "base/guarded_block.h"

#include "base/error.h"

#if !defined(_WIN32)
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

#include "base/fork.h"
#endif

namespace netlet {

#if defined(_WIN32)

GuardedBlock::GuardedBlock(size_t, Border, unsigned char) {
    throw NotImplementedError("guarded memory needs mmap, which this system does not have");
}
GuardedBlock::~GuardedBlock() = default;
bool GuardedBlock::rest_is_untouched() const { return true; }
bool GuardedBlock::is_beside_or_in(const void*) const { return false; }
void report_invalid_access(void (*)(const void*)) {}

#else

namespace {

const size_t page = (size_t)sysconf(_SC_PAGESIZE);

void (*reporter)(const void* address) = nullptr;
struct sigaction before[2];  // for SIGSEGV and SIGBUS, with which macOS answers

// After the return the access happens again, under the handler that was there before.
void on_signal(int signal, siginfo_t* info, void*) {
    reporter(info->si_addr);
    sigaction(signal, &before[signal == SIGBUS], nullptr);
}

// Mappings of one page between two inaccessible ones, for the next blocks: most operands of tests fit, and the system
// calls for a new mapping take longer than their kernels.
std::vector<std::byte*> spare;
ForkSafeMutex spare_mutex;

std::byte* take_spare() {
    const std::lock_guard lock(spare_mutex);
    if (spare.empty()) return nullptr;
    std::byte* mapping = spare.back();
    spare.pop_back();
    return mapping;
}

std::byte* new_mapping(size_t pages) {
    void* memory = mmap(nullptr, pages + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    auto* mapping = static_cast<std::byte*>(memory);
    if (mprotect(mapping + page, pages, PROT_READ | PROT_WRITE) == 0) return mapping;
    munmap(mapping, pages + 2 * page);
    throw std::bad_alloc();
}

}  // namespace

GuardedBlock::GuardedBlock(size_t bytes, Border border, unsigned char fill)
    : pages_(std::max(page, (bytes + page - 1) / page * page)), bytes_(bytes), fill_(fill) {
    if (pages_ == page) mapping_ = take_spare();
    if (!mapping_) mapping_ = new_mapping(pages_);
    data_ = mapping_ + page + (border == Border::end ? pages_ - bytes : 0);
    std::memset(mapping_ + page, fill, pages_);
}

GuardedBlock::~GuardedBlock() {
    if (pages_ != page) {
        munmap(mapping_, pages_ + 2 * page);
        return;
    }
    const std::lock_guard lock(spare_mutex);
    spare.push_back(mapping_);
}

bool GuardedBlock::rest_is_untouched() const {
    const auto same = [this](std::byte b) { return b == std::byte{fill_}; };
    return std::all_of(mapping_ + page, data_, same) && std::all_of(data_ + bytes_, mapping_ + page + pages_, same);
}

bool GuardedBlock::is_beside_or_in(const void* address) const {
    const auto* a = static_cast<const std::byte*>(address);
    return mapping_ <= a && a < mapping_ + pages_ + 2 * page;
}

void report_invalid_access(void (*report)(const void* address)) {
    if (!reporter) {
        struct sigaction action{};
        action.sa_sigaction = on_signal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        reporter = report;
        for (int signal : {SIGSEGV, SIGBUS}) sigaction(signal, &action, &before[signal == SIGBUS]);
    }
}

#endif

}  // namespace netlet
