// /proc/mdstat (kernel: drivers/md/md.c, md_seq_show): the software RAID arrays that run.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct MdArray {
  std::string_view name;
  // active, inactive, or by what goes on: recovering, reshaping, checking, resyncing
  std::string_view state;
  std::int64_t disks_active = 0, disks_required = 0, disks_failed = 0, disks_spare = 0;
  std::int64_t blocks = 0;  // of 1 KiB
  std::int64_t blocks_synced = 0;
};

// Views point into `text` (or are constants). kInvalid for an array whose lines are cut short or
// not understood.
Status ParseMdStat(std::string_view text, std::vector<MdArray>& out);

}  // namespace drover::exporters::node
