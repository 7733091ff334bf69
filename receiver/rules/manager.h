// Runs all rule groups on a few threads, and replaces them on reload.
//
//   Manager manager(env, options);
//   DROVER_TRY(auto groups, LoadRuleFiles({"/etc/drover/rules/*.yml"}, parser_options));
//   manager.Update(std::move(groups));   // again after each reload
#pragma once

#include <deque>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "receiver/rules/group.h"

namespace drover::rules {

// Reads the files that match the patterns (glob), in order, each once. kInvalid "file:line:column:
// …".
Result<std::vector<GroupSpec>> LoadRuleFiles(const std::vector<std::string>& patterns,
                                             const promql::ParserOptions& options);

// Thread-safe. What `env` refers to outlives it.
class Manager {
 public:
  Manager(const Environment& env, const RuleOptions& options);
  ~Manager();

  // Replaces the set of groups and, when given, what holds for all of them (not the number of
  // threads). Groups that are equal go on untouched, changed ones keep their alerts and, if their
  // interval is the same, their next slot; series of removed ones go stale after two of their
  // intervals. The first call restores alert states from storage. Evaluations that run are waited
  // for, not cancelled. Nothing happens after Stop.
  void Update(std::vector<GroupSpec> specs);
  void Update(std::vector<GroupSpec> specs, const RuleOptions& options);
  // Cancels all evaluations. Also done by the destructor.
  void Stop();

  std::vector<GroupSnapshot> Groups() const;  // sorted by file, then name

 private:
  struct State;
  void Replace(std::vector<GroupSpec> specs, const RuleOptions& options) REQUIRES(update_mutex_);
  void Work(std::stop_token stop);

  const Environment env_;
  const int thread_count_;
  const std::shared_ptr<State> state_;
  std::stop_source cancel_;  // of evaluations
  Mutex update_mutex_;       // one Update or Stop at a time; taken before the state's
  RuleOptions options_ GUARDED_BY(update_mutex_);
  bool started_ GUARDED_BY(update_mutex_) = false;
  std::vector<std::jthread> threads_ GUARDED_BY(update_mutex_);  // last
};

}  // namespace drover::rules
