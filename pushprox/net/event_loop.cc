#include "pushprox/net/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace drover::pushprox {
namespace {

constexpr std::size_t kScratchBytes = 64 << 10;
constexpr int kEventsAtOnce = 256;

}  // namespace

void Timer::Set(Millis in) {
  Cancel();
  at_ = loop_.clock_.Mono() + in;
  set_ = true;
  loop_.timers_.insert(this);
}

void Timer::Cancel() {
  if (!set_) return;
  loop_.timers_.erase(this);
  set_ = false;
}

EventLoop::EventLoop(const Clock& clock)
    : clock_(clock),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      now_(clock.Mono()),
      scratch_(kScratchBytes) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
}

EventLoop::~EventLoop() {
  buried_.clear();
  ::close(wake_);
  ::close(epoll_);
}

void EventLoop::Run() {
  while (!stopped_) Turn(true);
}

void EventLoop::Turn(bool may_wait) {
  std::array<epoll_event, kEventsAtOnce> events;  // NOLINT: 3 KiB that epoll_wait fills
  const int n = ::epoll_wait(epoll_, events.data(), kEventsAtOnce, may_wait ? WaitMillis() : 0);
  now_ = clock_.Mono();
  at_hand_.clear();
  bool woken = false;
  for (int i = 0; i < n; ++i) {
    at_hand_.push_back(static_cast<Watcher*>(events[static_cast<std::size_t>(i)].data.ptr));
    woken = woken || at_hand_.back() == nullptr;
  }
  for (std::size_t i = 0; i < at_hand_.size(); ++i) {
    if (at_hand_[i] == nullptr) continue;
    at_hand_[i]->OnEvents(events[i].events);
    EventOver();
  }
  RunAgain();
  if (woken) RunPosted();
  FireTimers();
  // What is destroyed may bury in turn.
  while (!buried_.empty()) {
    auto done = std::move(buried_);
    buried_.clear();
  }
}

void EventLoop::EventOver() {
  for (std::size_t i = 0; i < after_.size(); ++i) {
    if (after_[i] != nullptr) after_[i]->OnEventOver();
  }
  after_.clear();
}

void EventLoop::Stop() {
  stopped_ = true;
  Post([] {});
}

void EventLoop::Post(std::function<void()> call) {
  {
    Lock lock(mutex_);
    posted_.push_back(std::move(call));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
}

void EventLoop::RunPosted() {
  std::uint64_t count = 0;
  if (::read(wake_, &count, sizeof count) < 0 && errno == EAGAIN) return;
  std::vector<std::function<void()>> calls;
  {
    Lock lock(mutex_);
    calls.swap(posted_);
  }
  for (const auto& call : calls) {
    call();
    EventOver();
  }
}

Status EventLoop::Add(int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return FailErrno(errno, "epoll_ctl");
  return {};
}

void EventLoop::Change(int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::Remove(int fd, Watcher& watcher) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  std::replace(at_hand_.begin(), at_hand_.end(), &watcher, static_cast<Watcher*>(nullptr));
  std::erase(again_, &watcher);
  std::replace(after_.begin(), after_.end(), &watcher, static_cast<Watcher*>(nullptr));
}

void EventLoop::Again(Watcher& watcher) { again_.push_back(&watcher); }

void EventLoop::RunAgain() {
  at_hand_.swap(again_);
  again_.clear();
  for (std::size_t i = 0; i < at_hand_.size(); ++i) {
    if (at_hand_[i] == nullptr) continue;
    at_hand_[i]->OnEvents(EPOLLIN);
    EventOver();
  }
}

void EventLoop::Bury(std::unique_ptr<Disposable> done) { buried_.push_back(std::move(done)); }

int EventLoop::WaitMillis() const {
  if (!again_.empty()) return 0;
  if (timers_.empty()) return -1;
  const auto left = (*timers_.begin())->at_ - clock_.Mono();
  if (left <= MonoTime::duration::zero()) return 0;
  return static_cast<int>(std::min<std::int64_t>(std::chrono::ceil<Millis>(left).count(), 60'000));
}

void EventLoop::FireTimers() {
  const MonoTime now = clock_.Mono();
  while (!timers_.empty() && (*timers_.begin())->at_ <= now) {
    Timer* timer = *timers_.begin();
    timer->Cancel();
    timer->fire_();
    EventOver();
  }
}

}  // namespace drover::pushprox
