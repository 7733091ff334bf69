// Kernel statistics of OpenZFS on Linux: /proc/spl/kstat/zfs/* (module/os/linux/spl/spl-kstat.c).
#pragma once

#include <functional>
#include <string_view>

#include "core/base/result.h"

namespace drover::exporters::node {

// A table "name type data". Numbers of types 3 and 4 (64 bits) go to `number`, the text of
// dataset_name (type 7; it may hold blanks) to `dataset` (may be empty). Others are skipped.
// kInvalid without the heading, and for a number that is none.
Status ParseKstat(std::string_view text,
                  const std::function<void(std::string_view name, double value)>& number,
                  const std::function<void(std::string_view)>& dataset = {});

// A pool's "io": a line of names and lines of numbers under them. Nothing where there is no such
// heading.
Status ParseKstatIo(std::string_view text,
                    const std::function<void(std::string_view name, double value)>& number);

}  // namespace drover::exporters::node
