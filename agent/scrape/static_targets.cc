#include "agent/scrape/static_targets.h"

#include <algorithm>

#include "core/base/duration.h"
#include "core/http/url.h"

namespace drover::agent::scrape {
namespace {

constexpr std::string_view kParamPrefix = "__param_";

Labels Discovered(const ScrapeConfig& job, const StaticConfig& group, const std::string& target) {
  LabelsBuilder builder;
  builder.Set("job", job.job_name);
  builder.Set("__address__", target);
  builder.Set("__scheme__", job.scheme);
  builder.Set("__metrics_path__", job.metrics_path);
  builder.Set("__scrape_interval__", FormatDuration(job.scrape_interval));
  builder.Set("__scrape_timeout__", FormatDuration(job.scrape_timeout));
  for (const auto& [name, values] : job.params) {
    if (!values.empty()) builder.Set(std::string(kParamPrefix) + name, values.front());
  }
  for (const auto& [name, value] : group.labels) builder.Set(name, value);
  return builder.Build();
}

std::string UrlOf(const ScrapeConfig& job, const LabelsBuilder& labels) {
  std::string query;
  const auto add = [&](std::string_view name, std::string_view value) {
    query += (query.empty() ? "?" : "&") + http::QueryEscape(name) + "=" + http::QueryEscape(value);
  };
  for (const auto& [label, value] : labels.labels()) {
    if (label.starts_with(kParamPrefix))
      add(std::string_view(label).substr(kParamPrefix.size()), value);
  }
  for (const auto& [name, values] : job.params) {
    for (std::size_t i = 1; i < values.size(); ++i) add(name, values[i]);
  }
  return std::string(labels.Get("__scheme__")) + "://" + std::string(labels.Get("__address__")) +
         std::string(labels.Get("__metrics_path__")) + query;
}

}  // namespace

Result<TargetSet> MakeTargets(const ScrapeConfig& job) {
  TargetSet out;
  for (const StaticConfig& group : job.static_configs) {
    for (const std::string& target : group.targets) {
      TargetSpec spec;
      spec.discovered = Discovered(job, group, target);
      LabelsBuilder builder(spec.discovered);
      if (!Relabel(job.relabel_configs.rules, builder)) {
        out.dropped.push_back(spec.discovered);
        continue;
      }
      const std::string address(builder.Get("__address__"));
      if (address.empty())
        return Fail(ErrorCode::kInvalid, "job " + job.job_name + ": relabelling left target " +
                                             target + " without an address");
      spec.url = UrlOf(job, builder);
      if (const auto url = http::ParseUrl(spec.url); !url)
        return Fail(ErrorCode::kInvalid, "job " + job.job_name + ": " + url.error().message());
      if (builder.Get("instance").empty()) builder.Set("instance", address);
      LabelsBuilder visible;
      for (const auto& [name, value] : builder.labels()) {
        if (!name.starts_with("__")) visible.Set(name, value);
      }
      spec.labels = visible.Build();
      const bool known =
          std::any_of(out.active.begin(), out.active.end(), [&](const TargetSpec& other) {
            return other.labels == spec.labels && other.url == spec.url;
          });
      if (!known) out.active.push_back(std::move(spec));
    }
  }
  return out;
}

}  // namespace drover::agent::scrape
