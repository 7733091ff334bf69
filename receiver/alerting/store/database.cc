#include "receiver/alerting/store/database.h"

#include <filesystem>

#include <sqlite3.h>

namespace drover::alerting {
namespace {

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS silences (
  id TEXT PRIMARY KEY, starts_ms INTEGER, ends_ms INTEGER, updated_ms INTEGER,
  created_by TEXT, comment TEXT, matchers TEXT, annotations TEXT);
CREATE TABLE IF NOT EXISTS notify_log (
  group_key TEXT, receiver TEXT, integration TEXT, idx INTEGER, time_ms INTEGER,
  expires_ms INTEGER, firing TEXT, resolved TEXT,
  PRIMARY KEY (group_key, receiver, integration, idx));
CREATE TABLE IF NOT EXISTS notifications (
  id INTEGER PRIMARY KEY, time_ms INTEGER, group_key TEXT, receiver TEXT, integration TEXT,
  idx INTEGER, reason TEXT, firing INTEGER, resolved INTEGER, attempts INTEGER, error TEXT);
CREATE INDEX IF NOT EXISTS notifications_time ON notifications (time_ms);
CREATE TABLE IF NOT EXISTS alerts (
  fingerprint INTEGER PRIMARY KEY, labels BLOB, annotations TEXT, starts_ms INTEGER,
  ends_ms INTEGER, updated_ms INTEGER, made_up INTEGER, generator_url TEXT);
PRAGMA user_version = 1;
)";
constexpr std::int64_t kVersion = 1;  // as above

tl::unexpected<Error> SqlError(sqlite3* db, std::string_view what) {
  const int code = sqlite3_errcode(db) & 0xff;
  const ErrorCode kind = code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? ErrorCode::kCorrupt
                         : code == SQLITE_CANTOPEN || code == SQLITE_READONLY
                             ? ErrorCode::kDenied
                             : ErrorCode::kUnavailable;
  return Fail(kind, std::string(what) + ": " + sqlite3_errmsg(db));
}

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Fail(ErrorCode::kDenied, "create " + folder + ": " + error.message());
  const std::string file = folder + "/alerting.db";
  sqlite3* db = nullptr;
  const int opened = sqlite3_open_v2(
      file.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Database> out(new Database(db));
  if (opened != SQLITE_OK) return SqlError(db, "open " + file);
  sqlite3_busy_timeout(db, 1000);
  const auto run = [&](std::initializer_list<const char*> statements) -> Status {
    for (const char* sql : statements) {
      if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        return SqlError(db, "open " + file);
    }
    return {};
  };
  DROVER_CHECK(run({"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"}));
  std::int64_t version = 0;
  DROVER_CHECK(out->Read("PRAGMA user_version", {},
                         [&](const SqlRow& row) { version = std::get<std::int64_t>(row[0]); }));
  // A file that is there already must open on a full disk, too.
  if (version < kVersion) DROVER_CHECK(run({"BEGIN", kSchema, "COMMIT"}));
  return out;
}

Database::~Database() { sqlite3_close(db_); }

Status Database::Run(std::string_view sql, const SqlRow& values,
                     const std::function<void(const SqlRow&)>& row) const {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK)
    return SqlError(db_, sql);
  const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(raw, sqlite3_finalize);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int at = static_cast<int>(i) + 1;
    if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
      sqlite3_bind_int64(raw, at, *number);
    } else {
      const std::string& text = std::get<std::string>(values[i]);
      sqlite3_bind_blob64(raw, at, text.data(), text.size(), SQLITE_STATIC);
    }
  }
  for (;;) {
    const int step = sqlite3_step(raw);
    if (step == SQLITE_DONE) return {};
    if (step != SQLITE_ROW) return SqlError(db_, sql);
    if (!row) continue;
    SqlRow out;
    for (int i = 0; i < sqlite3_column_count(raw); ++i) {
      if (sqlite3_column_type(raw, i) == SQLITE_INTEGER) {
        out.emplace_back(static_cast<std::int64_t>(sqlite3_column_int64(raw, i)));
      } else {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(raw, i));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(raw, i));
        out.emplace_back(bytes == nullptr ? std::string() : std::string(bytes, size));
      }
    }
    row(out);
  }
}

Status Database::Write(const std::vector<Statement>& statements) {
  Lock lock(mutex_);
  DROVER_CHECK(Run("BEGIN IMMEDIATE", {}, nullptr));
  for (const Statement& statement : statements) {
    if (auto done = Run(statement.sql, statement.values, nullptr); !done) {
      (void)Run("ROLLBACK", {}, nullptr);
      return done;
    }
  }
  auto done = Run("COMMIT", {}, nullptr);
  if (!done) (void)Run("ROLLBACK", {}, nullptr);
  return done;
}

Status Database::Write(std::string sql, SqlRow values) {
  return Write({{std::move(sql), std::move(values)}});
}

Status Database::Read(std::string_view sql, const SqlRow& values,
                      const std::function<void(const SqlRow&)>& row) const {
  Lock lock(mutex_);
  return Run(sql, values, row);
}

Result<std::size_t> Database::Load(std::string_view sql, std::string_view columns,
                                   const std::function<bool(const SqlRow&)>& row) const {
  std::size_t unreadable = 0;
  DROVER_CHECK(Read(sql, {}, [&](const SqlRow& values) {
    bool good = values.size() == columns.size();
    for (std::size_t i = 0; good && i < columns.size(); ++i)
      good = (columns[i] == 'i') == std::holds_alternative<std::int64_t>(values[i]);
    if (!good || !row(values)) ++unreadable;
  }));
  return unreadable;
}

}  // namespace drover::alerting
