// Records that compute what an earlier record has computed already.
#pragma once
#include "plan/record.h"

namespace netlet {

// Removes records marked `prepack` whose result an earlier one has left, and lets their readers read that result. The
// shards of a batch pack the same weights, as do layers that are used several times.
void share_prepacked(Recording& recording);

}  // namespace netlet
