// The functions of PromQL: names, argument types, what the parser must know.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "receiver/promql/ast.h"

namespace drover::promql {

struct Signature {
  std::string_view name;
  std::vector<ValueType> args;
  // 0: exactly args.size(). n > 0: the last n may be left out. -1: the last may be repeated or left
  // out. -2: like -1 but at most ten more than the required ones.
  int optional = 0;
  ValueType returns = ValueType::kVector;
  bool experimental = false;

  std::size_t min_args() const;
  std::size_t max_args() const;  // SIZE_MAX: any
};

// nullptr when there is none. Case matters.
const Signature* FindSignature(std::string_view name);
std::span<const Signature> AllSignatures();

}  // namespace drover::promql
