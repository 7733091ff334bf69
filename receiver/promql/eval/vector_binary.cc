#include <algorithm>
#include <map>

#include "receiver/promql/eval/arithmetic.h"
#include "receiver/promql/eval/evaluator.h"
#include "receiver/promql/eval/matching.h"
#include "receiver/promql/eval/point.h"

namespace drover::promql {
namespace {

constexpr const char* kManyToOne =
    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
constexpr const char* kGroupingLabels =
    "multiple matches for labels: grouping labels must ensure unique matches";

// "many" is the left side but for group_right; of one-to-one too.
class VectorBinary {
 public:
  VectorBinary(Evaluator& evaluator, const Binary& binary, std::vector<Column> lhs,
               std::vector<Column> rhs)
      : evaluator_(evaluator),
        binary_(binary),
        matching_(binary.matching),
        swapped_(binary.matching.cardinality == Cardinality::kOneToMany),
        comparison_(IsComparison(binary.op)),
        trims_(binary.op == BinaryOp::kTrimUpper || binary.op == BinaryOp::kTrimLower),
        groups_(binary.matching),
        many_(swapped_ ? std::move(rhs) : std::move(lhs)),
        one_(swapped_ ? std::move(lhs) : std::move(rhs)),
        // Upstream exchanges the sides of group_right but not the fills; so do we.
        fill_many_(matching_.fill_left),
        fill_one_(matching_.fill_right) {}

  Result<Value> Run() {
    for (const Column& column : many_) many_group_.push_back(groups_.Of(column.labels));
    for (const Column& column : one_) one_group_.push_back(groups_.Of(column.labels));
    state_.resize(groups_.size());
    for (std::size_t i = 0; i < one_.size(); ++i) state_[one_group_[i]].one.push_back(i);
    for (std::size_t i = 0; i < many_.size(); ++i) state_[many_group_[i]].many.push_back(i);
    for (Group& group : state_) {
      DROVER_CHECK(PickOne(group));
    }
    if (trims_) {
      status_ = Compute([](double, double) { return Absent(); });
    } else {
      WithScalarOperator(binary_.op, [this](auto op) { status_ = Compute(op); });
    }
    if (!status_) return tl::unexpected(status_.error());
    std::vector<Column> out = std::move(results_);
    std::erase_if(out, [](const Column& c) { return c.IsEmpty(); });
    DROVER_CHECK(MergeEqualLabels(
        out, matching_.cardinality == Cardinality::kOneToOne ? kSameLabelset : kGroupingLabels));
    return Value::Vector(std::move(out));
  }

 private:
  static constexpr std::int32_t kNobody = -1;
  struct Group {
    std::vector<std::size_t> many, one;
    // Which of `one` has a value at a step, when there are several.
    std::vector<std::int32_t> picked;
    std::vector<char> matched;  // one-to-one with several left series: steps already used
  };

  std::size_t steps() const { return evaluator_.grid().size; }

  Status PickOne(Group& group) {
    if (group.one.size() < 2) return {};
    group.picked.assign(steps(), kNobody);
    for (const std::size_t index : group.one) {
      const Column& column = one_[index];
      for (std::size_t i = 0; i < column.values.size(); ++i) {
        if (IsAbsent(column.values[i])) continue;
        std::int32_t& slot = group.picked[column.first + i];
        if (slot != kNobody) return Duplicate(static_cast<std::size_t>(slot), index);
        slot = static_cast<std::int32_t>(index);
      }
    }
    return {};
  }

  Status Duplicate(std::size_t a, std::size_t b) const {
    std::string first = one_[a].labels.ToString();
    std::string second = one_[b].labels.ToString();
    if (second < first) std::swap(first, second);
    return Fail(ErrorCode::kInvalid,
                "found duplicate series for the match group " +
                    groups_.key(one_group_[a]).ToString() + " on the " +
                    (swapped_ ? "left" : "right") + " hand-side of the operation: [" + first +
                    ", " + second +
                    "];many-to-many matching not allowed: matching labels must be unique on one "
                    "side");
  }

  // Labels of a result; `one` may be null (filled).
  Labels ResultLabels(const Labels& many, const Labels* one) const {
    LabelsBuilder builder(many);
    if (!comparison_ && !trims_) {
      builder.Reset(evaluator_.WithoutName(many));
    }
    if (matching_.cardinality == Cardinality::kOneToOne) {
      if (matching_.on) {
        builder.Keep(matching_.labels);
      } else {
        for (const std::string& label : matching_.labels) builder.Del(label);
      }
    }
    for (const std::string& label : matching_.include) {
      builder.Set(label, one != nullptr ? one->Get(label) : std::string_view());
    }
    Labels labels = builder.Build();
    const bool drop = binary_.return_bool && !evaluator_.context().options.delayed_name_removal;
    return drop ? evaluator_.WithoutName(labels) : labels;
  }

  Column& ResultColumn(std::map<std::int32_t, std::size_t>& by_one, const Labels& many,
                       bool drop_name, std::int32_t one) {
    const auto [it, fresh] = by_one.try_emplace(one, results_.size());
    if (fresh) {
      results_.push_back(WideColumn(
          ResultLabels(many,
                       one == kNobody ? nullptr : &one_[static_cast<std::size_t>(one)].labels),
          steps()));
      results_.back().drop_name = binary_.return_bool || ((comparison_ || trims_) && drop_name);
    }
    return results_[it->second];
  }

  // The result of many `m` and one `o`, absent when a comparison filters it.
  template <typename Op>
  double Apply(Op op, double m, double o) const {
    const double left = swapped_ ? o : m;
    const double result = swapped_ ? op(o, m) : op(m, o);
    if (!comparison_ || binary_.return_bool) return result;
    return result != 0 ? left : Absent();
  }

  template <typename Op>
  Status Compute(Op op) {
    for (std::size_t index = 0; index < many_.size(); ++index) {
      DROVER_CHECK(evaluator_.context().Continue());
      Group& group = state_[many_group_[index]];
      if (group.one.empty() && !fill_one_) continue;
      DROVER_CHECK(ComputeMany(op, many_[index], group));
    }
    if (!fill_many_ || trims_) return {};
    for (std::size_t g = 0; g < state_.size(); ++g) FillMany(op, state_[g], groups_.key(g));
    return {};
  }

  template <typename Op>
  Status ComputeMany(Op op, const Column& many, Group& group) {
    const bool check = matching_.cardinality == Cardinality::kOneToOne && group.many.size() > 1;
    if (check && group.matched.empty()) group.matched.assign(steps(), 0);
    std::map<std::int32_t, std::size_t> by_one;
    std::int32_t last_one = -2;
    Column* out = nullptr;
    for (std::size_t i = 0; i < many.values.size(); ++i) {
      if (IsAbsent(many.values[i])) continue;
      const std::size_t k = many.first + i;
      std::int32_t one = OneAt(group, k);
      if (one == kNobody && !fill_one_) continue;
      const Point other = one == kNobody ? Point{*fill_one_, nullptr}
                                         : Point::Of(one_[static_cast<std::size_t>(one)], k);
      Point point{many.values[i], many.histograms.empty() ? nullptr : many.histograms[i]};
      if (trims_ || point.histogram || other.histogram) {
        DROVER_TRY(point, HistogramBinary(evaluator_, binary_, swapped_ ? other : point,
                                          swapped_ ? point : other));
      } else {
        point.value = Apply(op, point.value, other.value);
      }
      if (IsAbsent(point.value)) continue;
      if (check) {
        if (group.matched[k] != 0) return Fail(ErrorCode::kInvalid, kManyToOne);
        group.matched[k] = 1;
      }
      if (matching_.include.empty()) one = kNobody;  // labels do not depend on it
      if (one != last_one || out == nullptr) {
        out = &ResultColumn(by_one, many.labels, many.drop_name, one);
        last_one = one;
      }
      SetPoint(*out, k, std::move(point));
    }
    return {};
  }

  std::int32_t OneAt(const Group& group, std::size_t step) const {
    if (group.one.empty()) return kNobody;
    if (!group.picked.empty()) return group.picked[step];
    return one_[group.one.front()].Has(step) ? static_cast<std::int32_t>(group.one.front())
                                             : kNobody;
  }

  template <typename Op>
  void FillMany(Op op, const Group& group, const Labels& key) {
    std::map<std::int32_t, std::size_t> by_one;
    for (std::size_t k = 0; k < steps(); ++k) {
      std::int32_t one = OneAt(group, k);
      if (one == kNobody) continue;
      const bool taken = std::any_of(group.many.begin(), group.many.end(),
                                     [&](std::size_t m) { return many_[m].Has(k); });
      if (taken) continue;
      const double value = Apply(op, *fill_many_, one_[static_cast<std::size_t>(one)].At(k));
      if (IsAbsent(value)) continue;
      if (matching_.include.empty()) one = kNobody;
      ResultColumn(by_one, key, false, one).values[k] = value;
    }
  }

  Evaluator& evaluator_;
  const Binary& binary_;
  const Matching& matching_;
  const bool swapped_;
  const bool comparison_;
  const bool trims_;
  MatchGroups groups_;
  std::vector<Column> many_, one_;
  std::optional<double> fill_many_, fill_one_;
  std::vector<std::size_t> many_group_, one_group_;
  std::vector<Group> state_;
  std::vector<Column> results_;
  Status status_;
};

}  // namespace

Result<Value> EvalVectorBinary(Evaluator& evaluator, const Binary& binary, std::vector<Column> lhs,
                               std::vector<Column> rhs) {
  return VectorBinary(evaluator, binary, std::move(lhs), std::move(rhs)).Run();
}

}  // namespace drover::promql
