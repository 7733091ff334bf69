// POST /api/v1/write: remote write 1.0 into a store.
//
// What is good is stored, also beside what is not: 204, unless every sample was refused for the
// same reason, which is then the text of a 400. So a retried block whose first half was stored
// passes, and an HA pair's late twin does not lose whole requests (Prometheus answers 400 and keeps
// nothing). Series with labels that cannot be stored are skipped and counted, as there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/metrics/registry.h"
#include "core/series/appender.h"
#include "core/wire/remote_write.h"
#include "receiver/ingest/series_cache.h"

namespace drover::ingest {

struct WriteOptions {
  std::size_t max_body_bytes = 32 << 20;      // as sent
  std::size_t max_decoded_bytes = 128 << 20;  // after snappy
  wire::WriteLimits request;
  std::size_t max_labels = 128;  // of a series; more, or longer ones, and the series is skipped
  std::size_t max_label_name_bytes = 1024;
  std::size_t max_label_value_bytes = 16 << 10;
  std::size_t max_cached_series = 20'000'000;
};

struct WriteAnswer {
  int status = 204;
  std::string text;  // ends with a newline; empty with 204
};

// Thread-safe: requests run beside each other. What it is given outlives it.
//
//   204  stored (or nothing to store)
//   400  body is no snappy block or no WriteRequest; or all samples refused for one reason
//   413  body or request above a limit
//   415  another content type or encoding; remote write 2.0
//   429  all samples refused because of the store's series limit
//   503  the store cannot write now (disk full): send again
class WriteHandler {
 public:
  WriteHandler(Appendable& store, const Clock& clock, Registry& registry, WriteOptions options);
  ~WriteHandler();

  // Header values as sent, "" when absent.
  WriteAnswer Write(std::string_view body, std::string_view content_type,
                    std::string_view content_encoding);

  const WriteOptions& options() const { return options_; }

 private:
  class Request;
  struct Buffers;
  WriteAnswer Decide(std::string_view body, std::string_view content_type,
                     std::string_view content_encoding);
  WriteAnswer Store(std::string_view body, Buffers& buffers);
  std::unique_ptr<Buffers> TakeBuffers();
  void GiveBack(std::unique_ptr<Buffers> buffers);

  Appendable& store_;
  const Clock& clock_;
  const WriteOptions options_;
  SeriesCache cache_;

  Registry& registry_;
  Counter& samples_;
  Counter& refused_;
  Counter& invalid_labels_;
  Counter& exemplars_;
  Counter& histograms_;
  Counter& body_bytes_;
  Histogram& duration_;

  Mutex buffers_mutex_;
  std::vector<std::unique_ptr<Buffers>> buffers_ GUARDED_BY(buffers_mutex_);
};

}  // namespace drover::ingest
