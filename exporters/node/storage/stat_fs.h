// statfs(2) of many mounts, some of which may never answer (a dead NFS server, a stuck FUSE daemon:
// the thread that asked cannot be freed). Each call runs on a thread of its own kind; a thread that
// hangs is left behind and another goes on with the rest.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"

struct statfs;

namespace drover::exporters::node {

struct FsStats {
  enum class Outcome { kOk, kError, kTimeout };
  Outcome outcome = Outcome::kTimeout;
  int error_number = 0;  // of kError
  double size_bytes = 0, free_bytes = 0, avail_bytes = 0, files = 0, files_free = 0;
};

// One thread at a time. Usually keeps one idle thread; the destructor does not wait for hanging
// ones.
class StatFsPool {
 public:
  using Call = std::function<int(const char* path, struct statfs& out)>;  // 0 or errno

  // At most `max_hanging` calls hang at a time; with that many, nothing more is asked and
  // everything is kTimeout until one returns.
  explicit StatFsPool(std::size_t max_hanging);
  StatFsPool(std::size_t max_hanging, Call call);  // for tests
  ~StatFsPool();

  // An answer per path, in order, after at most `wait`. A path that hangs from before is not asked
  // again and costs no time.
  std::vector<FsStats> Ask(const std::vector<std::string>& paths, Millis wait);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace drover::exporters::node
