#include "tests/support/faulty_file_system.h"

#include <algorithm>

namespace drover::testing {
namespace {

std::string_view Parent(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

tl::unexpected<Error> Absent(std::string_view path) {
  return Fail(ErrorCode::kNotFound, "open " + std::string(path) + ": no such file");
}

}  // namespace

class FaultyFileSystem::FaultyFile final : public File {
 public:
  FaultyFile(FaultyFileSystem& fs, std::shared_ptr<Node> node) : fs_(fs), node_(std::move(node)) {}

  Status Append(std::string_view bytes) override {
    Lock lock(fs_.mutex_);
    const bool was_crashed = fs_.crashed_;
    if (Status changed = fs_.Change(); !changed) {
      if (!was_crashed) node_->bytes += bytes.substr(0, bytes.size() / 2);
      return changed;
    }
    const std::uint64_t used = fs_.Used();
    const std::uint64_t room = fs_.capacity_ > used ? fs_.capacity_ - used : 0;
    node_->bytes += bytes.substr(0, room);
    if (bytes.size() > room) return Fail(ErrorCode::kExhausted, "write: no space left on device");
    return {};
  }
  Status ReadAt(std::uint64_t offset, std::size_t n, std::string& out) const override {
    Lock lock(fs_.mutex_);
    out = offset < node_->bytes.size() ? node_->bytes.substr(offset, n) : "";
    return {};
  }
  Status Truncate(std::uint64_t size_bytes) override {
    Lock lock(fs_.mutex_);
    DROVER_CHECK(fs_.Change());
    node_->bytes.resize(size_bytes);
    return {};
  }
  Status Sync() override {
    Lock lock(fs_.mutex_);
    DROVER_CHECK(fs_.Change());
    if (fs_.fail_sync_) return Fail(ErrorCode::kUnavailable, "fsync: input/output error");
    node_->synced = node_->bytes;
    return {};
  }
  Result<std::uint64_t> Size() const override {
    Lock lock(fs_.mutex_);
    return static_cast<std::uint64_t>(node_->bytes.size());
  }

 private:
  FaultyFileSystem& fs_;
  const std::shared_ptr<Node> node_;
};

Status FaultyFileSystem::Change() {
  ++operations_;
  if (crash_at_ != 0 && operations_ >= crash_at_) crashed_ = true;
  if (crashed_) return Fail(ErrorCode::kUnavailable, "the machine is off");
  return {};
}

std::uint64_t FaultyFileSystem::Used() const {
  std::uint64_t used = 0;
  for (const auto& [name, node] : names_) used += node->bytes.size();
  return used;
}

void FaultyFileSystem::CrashAtOperation(std::uint64_t n) {
  Lock lock(mutex_);
  crash_at_ = operations_ + n;
}
std::uint64_t FaultyFileSystem::operations() const {
  Lock lock(mutex_);
  return operations_;
}
bool FaultyFileSystem::crashed() const {
  Lock lock(mutex_);
  return crashed_;
}
void FaultyFileSystem::SetCapacity(std::uint64_t bytes) {
  Lock lock(mutex_);
  capacity_ = bytes;
}
void FaultyFileSystem::FailSync(bool fail) {
  Lock lock(mutex_);
  fail_sync_ = fail;
}
void FaultyFileSystem::FailRemove(bool fail) {
  Lock lock(mutex_);
  fail_remove_ = fail;
}
void FaultyFileSystem::FlipByte(const std::string& path, std::uint64_t offset) {
  Lock lock(mutex_);
  char& byte = names_.at(path)->bytes.at(offset);
  byte = static_cast<char>(byte ^ 0x10);
}

void FaultyFileSystem::Restart(Lose lose) {
  Lock lock(mutex_);
  crashed_ = false;
  crash_at_ = 0;
  if (lose == Lose::kNothing) return;
  names_ = durable_names_;
  for (const auto& [from, to] : renamed_folders_) {
    folders_.erase(to);
    folders_.insert(from);
  }
  renamed_folders_.clear();
  for (const auto& [name, node] : names_) {
    for (std::string_view folder = Parent(name); !folder.empty(); folder = Parent(folder)) {
      folders_.emplace(folder);
    }
  }
  for (auto& [name, node] : names_) {
    std::string kept = node->synced;
    if (lose == Lose::kHalf && node->bytes.size() > kept.size()) {
      kept = node->bytes.substr(0, (kept.size() + node->bytes.size()) / 2);
    }
    node->bytes = node->synced = std::move(kept);
  }
}

Status FaultyFileSystem::ReadFile(std::string_view path, std::string& out,
                                  std::uint64_t max_bytes) const {
  Lock lock(mutex_);
  const auto at = names_.find(path);
  if (at == names_.end()) return Absent(path);
  if (at->second->bytes.size() > max_bytes) return Fail(ErrorCode::kExhausted, "read: too large");
  out = at->second->bytes;
  return {};
}

Result<std::vector<std::string>> FaultyFileSystem::List(std::string_view path) const {
  Lock lock(mutex_);
  if (!folders_.contains(path)) return Absent(path);
  std::vector<std::string> found;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && Parent(name) == path) {
      found.push_back(name.substr(path.empty() ? 0 : path.size() + 1));
    }
  };
  for (const auto& [name, node] : names_) add(name);
  for (const auto& name : folders_) add(name);
  std::sort(found.begin(), found.end());
  return found;
}

Result<FileInfo> FaultyFileSystem::Stat(std::string_view path) const {
  Lock lock(mutex_);
  FileInfo info;
  if (folders_.contains(path)) {
    info.is_directory = true;
    return info;
  }
  const auto at = names_.find(path);
  if (at == names_.end()) return Absent(path);
  info.size_bytes = at->second->bytes.size();
  return info;
}

Result<std::string> FaultyFileSystem::ReadLink(std::string_view path) const { return Absent(path); }

Result<std::unique_ptr<File>> FaultyFileSystem::Open(std::string_view path, OpenMode mode) {
  Lock lock(mutex_);
  auto at = names_.find(path);
  if (mode == OpenMode::kCreate && at != names_.end()) {
    return Fail(ErrorCode::kInvalid, "open " + std::string(path) + ": exists");
  }
  if (at == names_.end()) {
    if (mode == OpenMode::kRead || !folders_.contains(Parent(path))) return Absent(path);
    DROVER_CHECK(Change());
    at = names_.emplace(std::string(path), std::make_shared<Node>()).first;
  }
  return std::make_unique<FaultyFile>(*this, at->second);
}

Status FaultyFileSystem::MakeDirs(std::string_view path) {
  Lock lock(mutex_);
  if (crashed_) return Change();
  for (; !path.empty(); path = Parent(path)) folders_.emplace(path);
  return {};
}

void FaultyFileSystem::MoveFolder(Names& names, const std::string& from, const std::string& to) {
  Names moved;
  for (auto& [name, node] : names) {
    const bool inside = name.compare(0, from.size() + 1, from + "/") == 0;
    moved[inside ? to + name.substr(from.size()) : name] = node;
  }
  names = std::move(moved);
}

Status FaultyFileSystem::Rename(std::string_view from, std::string_view to) {
  Lock lock(mutex_);
  DROVER_CHECK(Change());
  if (folders_.contains(from)) {
    const std::string a(from);
    const std::string b(to);
    MoveFolder(names_, a, b);
    folders_.erase(a);
    folders_.insert(b);
    renamed_folders_.emplace_back(a, b);
    return {};
  }
  const auto at = names_.find(from);
  if (at == names_.end()) return Absent(from);
  names_[std::string(to)] = at->second;
  names_.erase(at);
  return {};
}

Status FaultyFileSystem::Remove(std::string_view path) {
  Lock lock(mutex_);
  DROVER_CHECK(Change());
  if (fail_remove_) return Fail(ErrorCode::kUnavailable, "unlink: input/output error");
  if (const auto at = names_.find(path); at != names_.end()) {
    names_.erase(at);
    return {};
  }
  if (const auto at = folders_.find(path); at != folders_.end()) {
    folders_.erase(at);
    return {};
  }
  return Absent(path);
}

Status FaultyFileSystem::RemoveAll(std::string_view path) {
  Lock lock(mutex_);
  DROVER_CHECK(Change());
  const std::string below = std::string(path) + "/";
  const auto inside = [&](const std::string& name) {
    return name == path || name.compare(0, below.size(), below) == 0;
  };
  std::erase_if(names_, [&](const auto& entry) { return inside(entry.first); });
  std::erase_if(folders_, inside);
  return {};
}

Status FaultyFileSystem::SyncDir(std::string_view path) {
  Lock lock(mutex_);
  DROVER_CHECK(Change());
  std::erase_if(renamed_folders_, [&](const auto& rename) {
    if (Parent(rename.second) != path) return false;
    MoveFolder(durable_names_, rename.first, rename.second);
    return true;
  });
  std::erase_if(durable_names_, [&](const auto& entry) { return Parent(entry.first) == path; });
  for (const auto& [name, node] : names_) {
    if (Parent(name) == path) durable_names_[name] = node;
  }
  return {};
}

std::string FaultyFileSystem::RealPath(std::string_view path) const { return std::string(path); }

}  // namespace drover::testing
