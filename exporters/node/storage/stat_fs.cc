#include "exporters/node/storage/stat_fs.h"

#include <errno.h>
#include <sys/vfs.h>

#include <algorithm>
#include <set>
#include <thread>

#include "core/base/mutex.h"

namespace drover::exporters::node {
namespace {

// Without an answer for this long, another thread goes on with the rest.
constexpr Millis kPatience{20};

int RealStatFs(const char* path, struct statfs& out) {
  return ::statfs(path, &out) == 0 ? 0 : errno;
}

// Paths asked together. Guarded by the pool's mutex.
struct Round {
  std::vector<std::string> paths;
  std::vector<FsStats> answers;
  std::vector<std::size_t> todo;  // indexes, the next one last
  std::size_t open = 0;           // not answered yet
  bool over = false;
};

FsStats Answer(int error_number, const struct statfs& s) {
  FsStats stats;
  if (error_number != 0) {
    stats.outcome = FsStats::Outcome::kError;
    stats.error_number = error_number;
    return stats;
  }
  const auto block = static_cast<double>(s.f_bsize);
  stats.outcome = FsStats::Outcome::kOk;
  stats.size_bytes = static_cast<double>(s.f_blocks) * block;
  stats.free_bytes = static_cast<double>(s.f_bfree) * block;
  stats.avail_bytes = static_cast<double>(s.f_bavail) * block;
  stats.files = static_cast<double>(s.f_files);
  stats.files_free = static_cast<double>(s.f_ffree);
  return stats;
}

}  // namespace

struct StatFsPool::State {
  State(std::size_t max, Call function) : max_threads(max + 1), call(std::move(function)) {}

  const std::size_t max_threads;
  const Call call;
  Mutex mutex;
  CondVar work;      // for threads
  CondVar answered;  // for Ask
  std::shared_ptr<Round> round GUARDED_BY(mutex);
  std::multiset<std::string> in_call GUARDED_BY(mutex);
  std::size_t threads GUARDED_BY(mutex) = 0;
  std::size_t idle GUARDED_BY(mutex) = 0;
  bool stop GUARDED_BY(mutex) = false;

  // A thread's life. `self` keeps the state while a call hangs longer than the pool lives.
  static void Serve(const std::shared_ptr<State>& self) {
    Lock lock(self->mutex);
    for (;;) {
      ++self->idle;
      self->work.Wait(self->mutex, [&]() NO_THREAD_SAFETY_ANALYSIS {
        return self->stop || (self->round && !self->round->todo.empty());
      });
      --self->idle;
      if (self->stop) break;
      while (self->round && !self->round->todo.empty()) self->AskNext();
      if (self->idle > 0) break;  // came back late: one waits already
    }
    --self->threads;
  }

  void AskNext() REQUIRES(mutex) {
    const std::shared_ptr<Round> mine = round;
    const std::size_t index = mine->todo.back();
    mine->todo.pop_back();
    const std::string& path = mine->paths[index];
    const auto running = in_call.insert(path);
    mutex.unlock();
    struct statfs s {};
    const int error_number = call(path.c_str(), s);
    mutex.lock();
    in_call.erase(running);
    if (mine->over) return;
    mine->answers[index] = Answer(error_number, s);
    if (--mine->open == 0) answered.NotifyAll();
  }

  // Starts or wakes a thread unless as many hang as may.
  static void Hire(const std::shared_ptr<State>& self) REQUIRES(self->mutex) {
    if (self->idle == 0 && self->threads < self->max_threads) {
      ++self->threads;
      std::thread([self] { Serve(self); }).detach();
    }
    self->work.NotifyOne();
  }
};

StatFsPool::StatFsPool(std::size_t max_hanging) : StatFsPool(max_hanging, RealStatFs) {}
StatFsPool::StatFsPool(std::size_t max_hanging, Call call)
    : state_(std::make_shared<State>(max_hanging, std::move(call))) {}

StatFsPool::~StatFsPool() {
  Lock lock(state_->mutex);
  state_->stop = true;
  state_->work.NotifyAll();
}

std::vector<FsStats> StatFsPool::Ask(const std::vector<std::string>& paths, Millis wait) {
  const auto round = std::make_shared<Round>();
  round->paths = paths;
  round->answers.resize(paths.size());
  Lock lock(state_->mutex);
  for (std::size_t i = paths.size(); i-- > 0;) {
    if (!state_->in_call.contains(paths[i])) round->todo.push_back(i);
  }
  round->open = round->todo.size();
  if (round->open == 0) return round->answers;
  state_->round = round;
  State::Hire(state_);
  const MonoTime deadline = std::chrono::steady_clock::now() + wait;
  std::size_t open_before = round->open;
  for (;;) {
    const MonoTime now = std::chrono::steady_clock::now();
    if (now >= deadline) break;
    if (state_->answered.WaitUntil(state_->mutex, std::stop_token(),
                                   std::min<MonoTime>(deadline, now + kPatience),
                                   [&] { return round->open == 0; })) {
      break;
    }
    if (round->open == open_before && !round->todo.empty()) State::Hire(state_);
    open_before = round->open;
  }
  round->over = true;
  round->todo.clear();
  state_->round.reset();
  return round->answers;
}

}  // namespace drover::exporters::node
