// The file in which silences, the notification log and alerts outlive the process: SQLite, WAL,
// synchronous=FULL, so that what a call wrote is there after kill -9 and after power loss. Its
// tables: docs/formats/alerting_db.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/result.h"

struct sqlite3;

namespace drover::alerting {

using SqlValue = std::variant<std::int64_t, std::string>;
using SqlRow = std::vector<SqlValue>;  // integers and texts (or blobs)

// Thread-safe.
class Database {
 public:
  // Creates the folder's alerting.db when there is none. kCorrupt, kDenied, kUnavailable.
  static Result<std::unique_ptr<Database>> Open(const std::string& folder);
  ~Database();

  struct Statement {
    std::string sql;
    SqlRow values;
  };
  // All or nothing; durable when it returns.
  Status Write(const std::vector<Statement>& statements);
  Status Write(std::string sql, SqlRow values = {});
  Status Read(std::string_view sql, const SqlRow& values,
              const std::function<void(const SqlRow&)>& row) const;
  // Rows as they are taken into memory at the start. `columns` has a letter for each: i an integer,
  // t a text. Answers how many rows hold something else or are refused by `row` (false): one such
  // row costs itself, not the others.
  Result<std::size_t> Load(std::string_view sql, std::string_view columns,
                           const std::function<bool(const SqlRow&)>& row) const;

 private:
  explicit Database(sqlite3* db) : db_(db) {}
  Status Run(std::string_view sql, const SqlRow& values,
             const std::function<void(const SqlRow&)>& row) const REQUIRES(mutex_);
  mutable Mutex mutex_;
  sqlite3* const db_;
};

}  // namespace drover::alerting
