// A mode for tests: every kernel that runs on the CPU runs on copies of its operands which border on inaccessible pages
// (base/guarded_block.h). The copies have the exact size of the operands, wherever those are: in arrays of NumPy, in a
// plan's arena, among its prepacked weights. What a kernel reaches through an address that an operand holds (the rows of
// a feed) stays where it is.
//
// A kernel runs twice. At first each operand ends at an inaccessible page, then each begins behind one, and what a kernel
// writes without reading it holds other bytes before. A launch fails, with a message that names the kernel, if
//   - an access is outside of the operands: the process ends, after a line on stderr,
//   - a byte beside an operand was written, or an operand that the kernel only reads,
//   - units of one row of a batch access another (Work::rows; each half of the rows runs by itself),
//   - the two runs differ: the result depends on where the operands are, or on what the memory held before.
#pragma once
#include <atomic>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "plan/record.h"

namespace netlet {

struct Operand;
struct Work;

inline std::atomic<bool> launches_are_guarded{false};
void guard_launches(bool on);
// (kernel, instruction set) of each launch that was guarded so far.
std::set<std::pair<std::string, std::string>> guarded_kernels();

// Both expect the pointers to the operands in `args`, and leave them there.
void launch_guarded(const Kernel& kernel, void* args, std::span<const Operand> operands, const Work& work);
void launch_guarded(const Record& record, std::byte* args);

}  // namespace netlet
