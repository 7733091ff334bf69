#include "receiver/rules/manager.h"

#include <algorithm>
#include <map>
#include <set>

#include <glob.h>

#include "core/os/file_system.h"

namespace drover::rules {

struct Manager::State {
  struct Slot {
    std::shared_ptr<Group> group;
    TimePoint next{};
    bool taken = false;  // a thread waits for it or runs it
  };
  struct Removal {  // series of removed groups that go stale at `due`
    TimePoint due{};
    std::vector<Labels> series;
  };

  mutable Mutex mutex;
  CondVar changed;
  std::vector<Slot> slots GUARDED_BY(mutex);
  std::vector<Removal> removals GUARDED_BY(mutex);

  std::vector<std::shared_ptr<Group>> Groups() const {
    const Lock lock(mutex);
    std::vector<std::shared_ptr<Group>> out;
    for (const Slot& slot : slots) out.push_back(slot.group);
    return out;
  }
  void Collect(std::vector<OwnFamily>& out) const;
};

void Manager::State::Collect(std::vector<OwnFamily>& out) const {
  struct Row {
    const char* name;
    const char* help;
    const char* type;
    double (*value)(const Group&, const Group::Counters&);
  };
  using Counters = Group::Counters;
  static constexpr Row kRows[] = {
      {"prometheus_rule_evaluations_total", "The total number of rule evaluations.", "counter",
       [](const Group&, const Counters& c) { return static_cast<double>(c.evaluations); }},
      {"prometheus_rule_evaluation_failures_total", "The total number of rule evaluation failures.",
       "counter", [](const Group&, const Counters& c) { return static_cast<double>(c.failures); }},
      {"prometheus_rule_group_iterations_total",
       "The total number of scheduled rule group evaluations, whether executed or missed.",
       "counter",
       [](const Group&, const Counters& c) { return static_cast<double>(c.iterations); }},
      {"prometheus_rule_group_iterations_missed_total",
       "The total number of rule group evaluations missed due to slow rule group evaluation.",
       "counter", [](const Group&, const Counters& c) { return static_cast<double>(c.missed); }},
      {"prometheus_rule_group_last_duration_seconds",
       "The duration of the last rule group evaluation.", "gauge",
       [](const Group&, const Counters& c) { return c.last_seconds; }},
      {"prometheus_rule_group_last_evaluation_timestamp_seconds",
       "The timestamp of the last rule group evaluation in seconds.", "gauge",
       [](const Group&, const Counters& c) {
         return static_cast<double>(ToMs(c.last_evaluation)) / 1000;
       }},
      {"prometheus_rule_group_last_evaluation_samples",
       "The number of samples returned during the last rule group evaluation.", "gauge",
       [](const Group&, const Counters& c) { return static_cast<double>(c.last_samples); }},
      {"prometheus_rule_group_interval_seconds", "The interval of a rule group.", "gauge",
       [](const Group& g, const Counters&) {
         return static_cast<double>(g.interval().count()) / 1000;
       }},
      {"prometheus_rule_group_rules", "The number of rules.", "gauge",
       [](const Group& g, const Counters&) { return static_cast<double>(g.spec().rules.size()); }},
  };
  const auto groups = Groups();
  for (const Row& row : kRows) {
    OwnFamily family{row.name, row.help, row.type, {}};
    for (const auto& group : groups) {
      family.samples.push_back(
          {"", {{"rule_group", group->spec().Key()}}, row.value(*group, group->counters())});
    }
    out.push_back(std::move(family));
  }
}

Manager::Manager(const Environment& env, const RuleOptions& options)
    : env_(env),
      thread_count_(options.threads),
      state_(std::make_shared<State>()),
      options_(options) {
  // The registry may outlive this.
  env_.metrics.AddSource([weak = std::weak_ptr<const State>(state_)](std::vector<OwnFamily>& out) {
    if (const auto state = weak.lock()) state->Collect(out);
  });
}

Manager::~Manager() { Stop(); }

void Manager::Stop() {
  cancel_.request_stop();  // before the lock: an Update under way waits for evaluations
  const Lock lock(update_mutex_);
  threads_.clear();  // requests stop and joins
}

void Manager::Update(std::vector<GroupSpec> specs) {
  const Lock update(update_mutex_);
  Replace(std::move(specs), options_);
}

void Manager::Update(std::vector<GroupSpec> specs, const RuleOptions& options) {
  const Lock update(update_mutex_);
  Replace(std::move(specs), options);
}

void Manager::Replace(std::vector<GroupSpec> specs, const RuleOptions& options) {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  if (cancel_.stop_requested()) return;
  const bool same_options = options == options_;
  options_ = options;
  {
    const Lock lock(state_->mutex);
    std::map<std::string, State::Slot> old;
    for (State::Slot& slot : state_->slots) old.emplace(slot.group->spec().Key(), std::move(slot));
    state_->slots.clear();
    const TimePoint now = env_.clock.Now();
    for (GroupSpec& spec : specs) {
      const auto before = old.find(spec.Key());
      State::Slot slot;
      const bool had = before != old.end();
      if (had && same_options && before->second.group->spec() == spec) {
        slot.group = before->second.group;
        slot.next = before->second.next;
      } else {
        slot.group = std::make_shared<Group>(spec, env_, options_, !started_);
        if (had) slot.group->CopyStateFrom(*before->second.group);
        const bool same_slots = had && before->second.group->interval() == slot.group->interval();
        slot.next = same_slots ? before->second.next : slot.group->NextSlot(now);
      }
      if (had) old.erase(before);
      state_->slots.push_back(std::move(slot));
    }
    for (const auto& [key, slot] : old) {
      state_->removals.push_back({now + 2 * slot.group->interval(), slot.group->KnownSeries()});
    }
    for (State::Slot& slot : state_->slots) slot.taken = false;
  }
  started_ = true;
  for (int i = 0; i < thread_count_; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { Work(std::move(stop)); });
  }
}

// Takes the group that is due first among those nobody has, waits for its slot, runs it.
void Manager::Work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    std::shared_ptr<Group> group;
    State::Removal removal;
    TimePoint due{};
    {
      const Lock lock(state_->mutex);
      State::Slot* first = nullptr;
      for (State::Slot& slot : state_->slots) {
        if (!slot.taken && (first == nullptr || slot.next < first->next)) first = &slot;
      }
      const auto soonest =
          std::min_element(state_->removals.begin(), state_->removals.end(),
                           [](const auto& a, const auto& b) { return a.due < b.due; });
      if (soonest != state_->removals.end() && (first == nullptr || soonest->due < first->next)) {
        removal = std::move(*soonest);
        state_->removals.erase(soonest);
        due = removal.due;
      } else if (first != nullptr) {
        first->taken = true;
        group = first->group;
        due = first->next;
      } else {
        // Nothing to do until another thread puts its group back or the set changes.
        state_->changed.Wait(state_->mutex, stop, [this]() NO_THREAD_SAFETY_ANALYSIS {
          return std::any_of(state_->slots.begin(), state_->slots.end(),
                             [](const State::Slot& slot) { return !slot.taken; });
        });
        continue;
      }
    }
    const bool reached = env_.clock.SleepUntil(env_.clock.Mono() + (due - env_.clock.Now()), stop);
    if (!group) {
      if (!reached) {
        const Lock lock(state_->mutex);
        state_->removals.push_back(std::move(removal));
        return;
      }
      std::set<Labels> alive;  // another rule may write the same series by now
      for (const auto& other : state_->Groups()) {
        for (Labels& labels : other->KnownSeries()) alive.insert(std::move(labels));
      }
      const auto appender = env_.appendable.NewAppender();
      for (const Labels& labels : removal.series) {
        if (alive.contains(labels)) continue;
        (void)appender->Append(0, labels, ToMs(std::min(due, env_.clock.Now())), StaleMarker());
      }
      if (auto done = appender->Commit(); !done) {
        env_.log.Warn("writing staleness markers failed", {{"err", done.error().message()}});
      }
      continue;
    }
    TimePoint next = due;
    if (const TimePoint now = env_.clock.Now(); reached && now < due) {
      // The wall clock was set back meanwhile.
      if (due > now + group->interval()) next = group->NextSlot(now);
    } else if (reached) {
      group->Evaluate(due, cancel_.get_token());
      next = group->SlotAfter(due, env_.clock.Now());
    }
    const Lock lock(state_->mutex);
    for (State::Slot& slot : state_->slots) {
      if (slot.group != group) continue;
      slot.next = next;
      slot.taken = false;
    }
    state_->changed.NotifyAll();
  }
}

std::vector<GroupSnapshot> Manager::Groups() const {
  std::vector<GroupSnapshot> out;
  for (const auto& group : state_->Groups()) out.push_back(group->Snapshot());
  std::sort(out.begin(), out.end(), [](const GroupSnapshot& a, const GroupSnapshot& b) {
    return a.file != b.file ? a.file < b.file : a.name < b.name;
  });
  return out;
}

Result<std::vector<GroupSpec>> LoadRuleFiles(const std::vector<std::string>& patterns,
                                             const promql::ParserOptions& options) {
  std::vector<GroupSpec> all;
  std::set<std::string> read;
  for (const std::string& pattern : patterns) {
    ::glob_t found{};
    const int rc = ::glob(pattern.c_str(), 0, nullptr, &found);
    std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (rc != 0 && rc != GLOB_NOMATCH) {
      return Fail(ErrorCode::kInvalid, "error retrieving rule files for " + pattern);
    }
    for (const std::string& path : paths) {
      if (!read.insert(path).second) continue;
      DROVER_TRY(const std::string text, ReadUserFile(path));
      DROVER_TRY(std::vector<GroupSpec> groups, ParseRuleFile(text, path, options));
      std::move(groups.begin(), groups.end(), std::back_inserter(all));
    }
  }
  return all;
}

}  // namespace drover::rules
