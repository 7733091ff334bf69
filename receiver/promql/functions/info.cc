#include <algorithm>
#include <map>

#include "receiver/promql/functions/table.h"

namespace drover::promql {
namespace {

constexpr std::string_view kIdentifying[] = {"instance", "job"};

bool IsIdentifying(std::string_view label) {
  return std::find(std::begin(kIdentifying), std::end(kIdentifying), label) !=
         std::end(kIdentifying);
}

// Where a selector looks, with the subqueries around it: the info series are looked up there too.
struct Place {
  AtKind at = AtKind::kNone;
  std::int64_t at_ms = 0;
  std::int64_t offset_ms = 0;
  bool operator==(const Place&) const = default;
};

Result<Place> Inside(const Evaluator& evaluator, const Place& outer, const Shift& shift) {
  Place place = outer;
  std::int64_t offset = 0;
  if (shift.has_offset) {
    DROVER_TRY(offset, evaluator.ResolveMs(shift.offset));
  }
  if (shift.at != AtKind::kNone) return Place{shift.at, shift.at_ms, offset};
  place.offset_ms += offset;
  return place;
}

Status FindPlaces(const Evaluator& evaluator, const Expr& expr, const Place& outer,
                  std::vector<Place>& found) {
  Place inner = outer;
  if (expr.kind == ExprKind::kVectorSelector) {
    DROVER_TRY(inner, Inside(evaluator, outer, expr.As<VectorSelector>().shift));
    found.push_back(inner);
    return {};
  }
  if (expr.kind == ExprKind::kSubquery) {
    DROVER_TRY(inner, Inside(evaluator, outer, expr.As<Subquery>().shift));
  }
  Status status;
  ForEachChild(expr, [&](const Expr& child) {
    if (status) status = FindPlaces(evaluator, child, inner, found);
  });
  return status;
}

class Info {
 public:
  Info(Evaluator& evaluator, const Call& call) : evaluator_(evaluator), call_(call) {
    if (call.args.size() < 2) return;
    for (const Matcher& matcher : Unwrap(*call.args[1]).As<VectorSelector>().matchers) {
      (matcher.name() == kMetricName ? name_matchers_ : data_matchers_).push_back(matcher);
    }
  }

  Result<Value> Run() {
    DROVER_TRY(std::vector<Column> base, evaluator_.Vector(*call_.args[0]));
    DROVER_CHECK(SelectInfos());
    std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> by_key;
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      by_key[KeyOf(infos_[i].labels)].push_back(i);
    }
    std::vector<Column> out;
    for (Column& column : base) {
      if (IsInfo(column.labels)) {
        out.push_back(std::move(column));
        continue;
      }
      const auto found = by_key.find(KeyOf(column.labels));
      DROVER_CHECK(
          Join(column, found == by_key.end() ? std::vector<std::size_t>() : found->second, out));
    }
    DROVER_CHECK(MergeEqualLabels(out, kSameLabelset));
    return Value::Vector(std::move(out));
  }

 private:
  static std::pair<std::string, std::string> KeyOf(const Labels& labels) {
    return {std::string(labels.Get("instance")), std::string(labels.Get("job"))};
  }

  bool IsInfo(const Labels& labels) const {
    const std::string_view name = labels.Get(kMetricName);
    if (name_matchers_.empty()) return name == "target_info";
    return std::all_of(info_matchers_.begin(), info_matchers_.end(),
                       [&](const Matcher& m) { return m.Matches(name); });
  }

  Status SelectInfos() {
    info_matchers_ = name_matchers_;
    const bool positive =
        std::any_of(name_matchers_.begin(), name_matchers_.end(), [](const Matcher& m) {
          return m.type() == MatchType::kEqual || m.type() == MatchType::kRegexp;
        });
    if (name_matchers_.empty()) {
      info_matchers_.push_back(*Matcher::Make(MatchType::kEqual, kMetricName, "target_info"));
    } else if (!positive) {
      info_matchers_.push_back(*Matcher::Make(MatchType::kRegexp, kMetricName, ".+_info"));
    }
    VectorSelector selector;
    selector.matchers = info_matchers_;
    std::vector<Place> places;
    DROVER_CHECK(FindPlaces(evaluator_, *call_.args[0], {}, places));
    const bool agree =
        !places.empty() &&
        std::all_of(places.begin(), places.end(), [&](const Place& p) { return p == places[0]; });
    if (agree) {
      selector.shift.at = places[0].at;
      selector.shift.at_ms = places[0].at_ms;
      selector.shift.has_offset = places[0].offset_ms != 0;
      selector.shift.offset.ms = places[0].offset_ms;
    }
    DROVER_TRY(infos_, SelectInstant(evaluator_, selector, SelectorOutput::kValue));
    DROVER_TRY(std::vector<Column> times,
               SelectInstant(evaluator_, selector, SelectorOutput::kTimestamp));
    times_ = std::move(times);
    for (const Column& info : infos_) {
      if (!info.histograms.empty()) {
        return Fail(ErrorCode::kInvalid, "this should be an info metric, with float samples: " +
                                             info.labels.ToMetricString());
      }
    }
    return {};
  }

  // The info series that count at step k: of each name the newest.
  Status PickAt(const std::vector<std::size_t>& candidates, std::size_t k,
                std::vector<std::size_t>& picked) const {
    std::map<std::string_view, std::size_t> by_name;
    for (const std::size_t i : candidates) {
      if (!infos_[i].Has(k)) continue;
      const auto [it, fresh] = by_name.try_emplace(infos_[i].labels.Get(kMetricName), i);
      if (fresh) continue;
      const double known = times_[it->second].At(k);
      const double now = times_[i].At(k);
      if (known == now) {
        const auto ms = std::to_string(static_cast<std::int64_t>(now * 1000));
        return Fail(ErrorCode::kInvalid, "found duplicate series for info metric: existing " +
                                             infos_[it->second].labels.ToMetricString() + " @ " +
                                             ms + ", new " + infos_[i].labels.ToMetricString() +
                                             " @ " + ms);
      }
      if (now > known) it->second = i;
    }
    picked.clear();
    for (const auto& [name, i] : by_name) picked.push_back(i);
    return {};
  }

  // Labels with the data of the picked series; nullopt: the element is dropped.
  std::optional<Labels> Joined(const Labels& base, const std::vector<std::size_t>& picked) const {
    LabelsBuilder builder(base);
    std::map<std::string, std::string> data;
    for (const std::size_t i : picked) {
      for (const LabelView& label : infos_[i].labels) {
        if (label.name == kMetricName) continue;
        if (data_matchers_.empty() && IsIdentifying(label.name)) continue;
        if (!Wanted(label.name)) continue;
        data.emplace(label.name, label.value);
      }
    }
    for (const Matcher& matcher : data_matchers_) {
      const auto found = data.find(matcher.name());
      const std::string_view value = found == data.end() ? "" : std::string_view(found->second);
      if (!matcher.Matches(value)) {
        if (!matcher.MatchesEmpty()) return std::nullopt;
        if (found != data.end()) data.erase(found);
      }
    }
    for (const auto& [name, value] : data) {
      if (base.Get(name).empty()) builder.Set(name, value);
    }
    return builder.Build();
  }

  bool Wanted(std::string_view label) const {
    return data_matchers_.empty() ||
           std::any_of(data_matchers_.begin(), data_matchers_.end(),
                       [&](const Matcher& m) { return m.name() == label; });
  }

  // Only series whose data labels match take part.
  bool Matches(std::size_t info) const {
    return std::all_of(data_matchers_.begin(), data_matchers_.end(),
                       [&](const Matcher& m) { return m.Matches(infos_[info].labels); });
  }

  Status Join(const Column& column, const std::vector<std::size_t>& candidates,
              std::vector<Column>& out) const {
    std::vector<std::size_t> matching;
    for (const std::size_t i : candidates) {
      if (Matches(i)) matching.push_back(i);
    }
    std::map<std::vector<std::size_t>, std::optional<std::size_t>> made;
    std::vector<std::size_t> picked;
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      if (IsAbsent(column.values[i])) continue;
      const std::size_t k = column.first + i;
      DROVER_CHECK(PickAt(matching, k, picked));
      const auto [it, fresh] = made.try_emplace(picked, std::nullopt);
      if (fresh) {
        if (const auto labels = Joined(column.labels, picked)) {
          it->second = out.size();
          out.push_back(WideColumn(*labels, evaluator_.grid().size));
          out.back().drop_name = column.drop_name;
          if (!column.histograms.empty()) out.back().histograms.resize(evaluator_.grid().size);
        }
      }
      if (!it->second) continue;
      Column& target = out[*it->second];
      target.values[k] = column.values[i];
      if (!column.histograms.empty()) target.histograms[k] = column.histograms[i];
    }
    return {};
  }

  Evaluator& evaluator_;
  const Call& call_;
  std::vector<Matcher> name_matchers_, data_matchers_, info_matchers_;
  std::vector<Column> infos_, times_;
};

Result<Value> InfoFunction(Evaluator& evaluator, const Call& call) {
  return Info(evaluator, call).Run();
}

constexpr FunctionRow kRows[] = {{"info", InfoFunction}};

}  // namespace

std::span<const FunctionRow> InfoFunctions() { return kRows; }

}  // namespace drover::promql
