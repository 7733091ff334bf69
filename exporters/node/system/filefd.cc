#include "core/base/numbers.h"
#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kAllocated{"node_filefd_allocated", "File descriptor statistics: allocated."};
constexpr MetricDesc kMaximum{"node_filefd_maximum", "File descriptor statistics: maximum."};

class FileFd final : public Collector {
 public:
  explicit FileFd(const CollectorInput& input) : file_(*input.roots.proc, "sys/fs/file-nr") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    std::string_view rest = Trim(text_);
    const auto allocated = ParseFloat(NextField(rest));
    NextField(rest);  // allocated but unused: always 0 since Linux 2.6
    const auto maximum = ParseFloat(NextField(rest));
    if (!allocated || !maximum)
      return Fail(ErrorCode::kInvalid, "file-nr: not three numbers: " + text_);
    out.Add(kAllocated, *allocated);
    out.Add(kMaximum, *maximum);
    return {};
  }

 private:
  HotFile file_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<FileFd>(input);
}

}  // namespace

CollectorSpec FileFdSpec() {
  return {"filefd", true, "Open files: /proc/sys/fs/file-nr.", "/proc/sys/fs/file-nr",
          {},       Make, NamesOf(kAllocated, kMaximum)};
}

}  // namespace drover::exporters::node
