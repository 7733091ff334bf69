// HTTP requests and responses as programs see them, whatever engine carries them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drover::http {

// In the order they stand. Names compare without regard to case.
class Headers {
 public:
  void Add(std::string_view name, std::string_view value) { list_.emplace_back(name, value); }
  void Set(std::string_view name, std::string_view value);  // replaces all of that name
  void Remove(std::string_view name);
  std::string_view Get(std::string_view name) const;  // the first; "" when absent
  bool Has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& list() const { return list_; }

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

bool EqualsNoCase(std::string_view a, std::string_view b);

struct Request {
  std::string method;  // upper case as sent
  std::string target;  // as sent: path and query
  std::string path;    // of target, percent-decoded once; not normalised
  std::string query;   // of target, behind the ?, as sent
  Headers headers;
  std::string body;    // whole, within the route's limit
  std::string remote;  // "127.0.0.1:4711"
  bool tls = false;
  bool admitted = false;  // the router's gate was asked
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;

  static Response Text(int status, std::string body);  // text/plain; charset=utf-8
  static Response Html(std::string body);
  static Response Json(int status, std::string body);
  static Response Redirect(std::string_view location, int status = 302);
};

std::string_view ReasonPhrase(int status);

}  // namespace drover::http
