#include "exporters/common/runner.h"

#include <atomic>
#include <exception>
#include <numeric>
#include <thread>

#include "core/base/mutex.h"
#include "exporters/common/sample_buffer.h"

namespace drover::exporters {
namespace {

using Seconds = std::chrono::duration<double>;

struct Slot {
  explicit Slot(std::size_t max_series) : buffer(max_series) {}
  std::string name;
  Millis timeout{};
  Millis interval{};
  std::unique_ptr<Collector> collector;
  SampleBuffer buffer;
  Status status;
  Seconds duration{};
  MonoTime collected{};
  std::atomic<bool> busy{false};  // while true, only the thread in Collect touches the above
  // The runner's own:
  std::string logged;         // the last failure that was logged
  std::uint64_t dropped = 0;  // series, in all

  bool IsFresh(MonoTime now) const {
    return interval > Millis(0) && collected != MonoTime() && status && now - collected < interval;
  }
};

// What one thread works off. The thread and the runner hold it together.
struct Batch {
  Mutex mutex;
  CondVar changed;
  std::vector<std::shared_ptr<Slot>> slots;
  std::size_t next GUARDED_BY(mutex) = 0;  // the one that runs
  MonoTime started GUARDED_BY(mutex){};
  bool done GUARDED_BY(mutex) = false;
  bool abandoned GUARDED_BY(mutex) = false;  // the runner gave up: end after this collector
  bool cancelled GUARDED_BY(mutex) = false;
};

struct Worker {
  Mutex mutex;
  CondVar changed;
  std::shared_ptr<Batch> batch GUARDED_BY(mutex);
  bool stop GUARDED_BY(mutex) = false;
};

void CollectOne(Slot& slot) {
  slot.buffer.Clear();
  const auto start = std::chrono::steady_clock::now();
  slot.collected = start;
  try {
    slot.status = slot.collector->Collect(slot.buffer);
  } catch (const std::exception& e) {
    slot.status = Fail(ErrorCode::kInvalid, std::string("collector threw: ") + e.what());
  }
  slot.duration = std::chrono::steady_clock::now() - start;
}

// False when the batch was abandoned meanwhile: this thread is no longer wanted.
bool WorkOff(Batch& batch) {
  for (std::size_t i = 0;; ++i) {
    {
      Lock lock(batch.mutex);
      if (i == batch.slots.size()) {
        batch.done = true;
        batch.changed.NotifyAll();
        return true;
      }
      batch.next = i;
      batch.started = std::chrono::steady_clock::now();
    }
    CollectOne(*batch.slots[i]);
    Lock lock(batch.mutex);
    batch.slots[i]->busy = false;
    if (batch.abandoned) return false;
  }
}

void Serve(const std::shared_ptr<Worker>& worker) {
  for (;;) {
    std::shared_ptr<Batch> batch;
    {
      Lock lock(worker->mutex);
      worker->changed.Wait(
          worker->mutex, [&]() NO_THREAD_SAFETY_ANALYSIS { return worker->stop || worker->batch; });
      if (worker->stop) return;
      batch = std::move(worker->batch);
      worker->batch.reset();
    }
    if (!WorkOff(*batch)) return;
  }
}

bool IsWorthWarning(ErrorCode code) {
  return code != ErrorCode::kNotFound && code != ErrorCode::kUnsupported;
}

}  // namespace

struct Runner::Impl {
  RunnerConfig config;
  const Clock& clock;
  const Logger& log;
  std::vector<std::shared_ptr<Slot>> slots;
  Mutex run_mutex;  // one page at a time
  std::shared_ptr<Worker> worker GUARDED_BY(run_mutex);
  std::thread thread GUARDED_BY(run_mutex);
  Mutex cancel_mutex;  // taken before a batch's own
  std::shared_ptr<Batch> current GUARDED_BY(cancel_mutex);
  bool cancelled GUARDED_BY(cancel_mutex) = false;

  bool IsCancelled() {
    Lock lock(cancel_mutex);
    return cancelled;
  }
  // False when there is nothing more to begin.
  bool Begin(const std::shared_ptr<Batch>& batch) {
    Lock lock(cancel_mutex);
    current = batch;
    return !cancelled;
  }

  std::size_t Stuck() const {
    std::size_t count = 0;
    for (const auto& slot : slots) count += slot->busy ? 1 : 0;
    return count;
  }

  void StopWorker() REQUIRES(run_mutex) {
    if (!worker) return;
    {
      Lock lock(worker->mutex);
      worker->stop = true;
      worker->changed.NotifyAll();
    }
    thread.join();
    worker.reset();
  }

  // Hands the slots to the thread; returns how many of them it finished in time. Fewer than all:
  // the one after them hangs, and the thread with it.
  std::size_t RunBatch(std::vector<std::shared_ptr<Slot>> work) REQUIRES(run_mutex) {
    auto batch = std::make_shared<Batch>();
    batch->slots = std::move(work);
    if (!Begin(batch)) return 0;
    for (const auto& slot : batch->slots) slot->busy = true;
    if (!worker) {
      worker = std::make_shared<Worker>();
      thread = std::thread([mine = worker] { Serve(mine); });
    }
    {
      Lock lock(batch->mutex);
      batch->started = std::chrono::steady_clock::now();
    }
    {
      Lock lock(worker->mutex);
      worker->batch = batch;
      worker->changed.NotifyAll();
    }
    Lock lock(batch->mutex);
    for (;;) {
      const Millis timeout =
          batch->next < batch->slots.size() ? batch->slots[batch->next]->timeout : config.timeout;
      const MonoTime deadline = batch->started + timeout;
      if (batch->changed.WaitUntil(
              batch->mutex, std::stop_token(), deadline,
              [&]() NO_THREAD_SAFETY_ANALYSIS { return batch->done || batch->cancelled; }) &&
          batch->done) {
        return batch->slots.size();
      }
      if (!batch->cancelled &&
          batch->started + batch->slots[batch->next]->timeout > std::chrono::steady_clock::now()) {
        continue;
      }
      batch->abandoned = true;
      thread.detach();
      worker.reset();
      for (std::size_t i = batch->next + 1; i < batch->slots.size(); ++i)
        batch->slots[i]->busy = false;
      return batch->next;
    }
  }

  void Report(Slot& slot, const Status& status, Seconds duration, MetricSink& sink) const {
    const std::string_view label = slot.name;
    sink.Add(*config.duration, {label}, duration.count());
    sink.Add(*config.success, {label}, status ? 1 : 0);
    if (config.on_end) config.on_end(slot.name, status);
    const std::string reason = status ? "" : status.error().message();
    if (reason == slot.logged) return;
    if (status) {
      log.Info("collector works again", {{"name", slot.name}});
    } else {
      log.Log(IsWorthWarning(status.error().code()) ? LogLevel::kWarn : LogLevel::kDebug,
              "collector failed",
              {{"name", slot.name}, {"duration_seconds", duration.count()}, {"err", reason}});
    }
    slot.logged = reason;
  }

  void ReportFinished(Slot& slot, MetricSink& sink) const {
    slot.buffer.Replay(sink);
    if (slot.buffer.dropped() > 0) {
      slot.dropped += slot.buffer.dropped();
      if (slot.status)
        slot.status =
            Fail(ErrorCode::kExhausted, "made more than " + std::to_string(config.max_series) +
                                            " series: the rest was dropped");
    }
    if (slot.dropped > 0 && config.dropped != nullptr)
      sink.Add(*config.dropped, {slot.name}, static_cast<double>(slot.dropped));
    if (slot.interval > Millis(0) && config.age != nullptr) {
      const Seconds age = std::chrono::steady_clock::now() - slot.collected;
      sink.Add(*config.age, {slot.name}, age.count());
    }
    Report(slot, slot.status, slot.duration, sink);
  }
};

Runner::Runner(std::vector<Entry> entries, RunnerConfig config, const Clock& clock,
               const Logger& log)
    : impl_(new Impl{config, clock, log, {}, {}, {}, {}, {}, {}, false}) {
  for (Entry& entry : entries) {
    auto slot = std::make_shared<Slot>(config.max_series);
    slot->name = std::move(entry.name);
    slot->timeout = entry.timeout > Millis(0) ? entry.timeout : config.timeout;
    slot->interval = entry.interval;
    slot->collector = std::move(entry.collector);
    impl_->slots.push_back(std::move(slot));
  }
}

Runner::~Runner() {
  Lock lock(impl_->run_mutex);
  impl_->StopWorker();
}

void Runner::Cancel() {
  Lock lock(impl_->cancel_mutex);
  impl_->cancelled = true;
  if (!impl_->current) return;
  Lock batch_lock(impl_->current->mutex);
  impl_->current->cancelled = true;
  impl_->current->changed.NotifyAll();
}

std::size_t Runner::size() const { return impl_->slots.size(); }
const std::string& Runner::name(std::size_t index) const { return impl_->slots[index]->name; }
std::size_t Runner::stuck() const { return impl_->Stuck(); }

bool Runner::RunAll(MetricSink& sink) {
  std::vector<std::size_t> all(size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return Run(all, sink);
}

bool Runner::Run(std::span<const std::size_t> which, MetricSink& sink) {
  Lock lock(impl_->run_mutex);
  const MonoTime now = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<Slot>> work;
  for (const std::size_t index : which) {
    const auto& slot = impl_->slots[index];
    if (!slot->busy) {
      if (slot->IsFresh(now)) {
        impl_->ReportFinished(*slot, sink);
      } else {
        work.push_back(slot);
      }
      continue;
    }
    const Status still = Fail(ErrorCode::kUnavailable, "hangs since an earlier collection");
    impl_->Report(*slot, still, Seconds(0), sink);
  }
  while (!work.empty()) {
    std::size_t finished = 0;
    const bool full = impl_->Stuck() > impl_->config.max_stuck_threads;
    if (!full) finished = impl_->RunBatch(work);
    for (std::size_t i = 0; i < finished; ++i) impl_->ReportFinished(*work[i], sink);
    if (full) {
      const Status refused = Fail(ErrorCode::kExhausted, "too many collectors hang: not run");
      for (const auto& slot : work) impl_->Report(*slot, refused, Seconds(0), sink);
      return true;
    }
    if (finished == work.size()) return true;
    if (impl_->IsCancelled()) return false;
    Slot& hung = *work[finished];
    const Status late =
        Fail(ErrorCode::kUnavailable,
             "did not answer within " + std::to_string(hung.timeout.count()) + "ms");
    impl_->Report(hung, late, hung.timeout, sink);
    work.erase(work.begin(), work.begin() + static_cast<std::ptrdiff_t>(finished) + 1);
  }
  return true;
}

}  // namespace drover::exporters
