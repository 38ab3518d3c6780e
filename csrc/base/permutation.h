// Random permutations for shuffling rows.
#pragma once
#include <cstdint>

namespace netlet {

// Writes a random permutation of 0 ... n-1 to `out`: all permutations are equally likely. It depends on n, `seed` and
// `draw` alone, not on the machine.
void permutation(int64_t* out, int64_t n, uint64_t seed, uint64_t draw);

// The same for each block of `block` consecutive numbers by itself; the last block may be shorter.
void permutation_in_blocks(int64_t* out, int64_t n, int64_t block, uint64_t seed, uint64_t draw);

}  // namespace netlet
