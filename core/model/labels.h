// A label set: names and values, sorted by name in byte order, each name once, no empty values (an
// empty value is the same as an absent label). Held in one string, so that a copy is one
// allocation, equality is memcmp and a hash runs over contiguous bytes.
//
// Form of bytes(): for each label uvarint length and bytes of the name, the same of the value.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drover {

inline constexpr std::string_view kMetricName = "__name__";

struct LabelView {  // points into the label set
  std::string_view name;
  std::string_view value;
  bool operator==(const LabelView&) const = default;
};

// Immutable but for assignment. Thread-safe to read.
class Labels {
 public:
  Labels() = default;
  // Sorts, drops empty values; of a repeated name the last stays.
  Labels(std::initializer_list<LabelView> labels) : Labels(std::vector<LabelView>(labels)) {}
  explicit Labels(std::vector<LabelView> labels);
  // `bytes` must have the form above and be sorted: for what bytes() gave before.
  static Labels FromBytes(std::string bytes) {
    Labels labels;
    labels.data_ = std::move(bytes);
    return labels;
  }

  class Iterator {
   public:
    using value_type = LabelView;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest) { Read(); }
    const LabelView& operator*() const { return label_; }
    const LabelView* operator->() const { return &label_; }
    Iterator& operator++() {
      Read();
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      Read();
      return old;
    }
    bool operator==(const Iterator& other) const {
      return label_.name.data() == other.label_.name.data();
    }

   private:
    void Read();
    std::string_view rest_;
    LabelView label_;
  };
  Iterator begin() const { return Iterator(data_); }
  Iterator end() const { return Iterator(); }

  bool empty() const { return data_.empty(); }
  std::size_t size() const;  // counts
  // "" when absent. Points into this.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const { return !Get(name).empty(); }

  const std::string& bytes() const { return data_; }
  std::uint64_t Hash() const;  // XXH3 of bytes(); stable within a build, not stored

  bool operator==(const Labels& other) const { return data_ == other.data_; }
  // Label by label, name then value; a prefix comes first. The order of blocks and of results.
  int Compare(const Labels& other) const;
  bool operator<(const Labels& other) const { return Compare(other) < 0; }

  // {a="1", b="2"}; the metric name is a label like any other.
  std::string ToString() const;
  // name{a="1", b="2"}, as PromQL prints a series.
  std::string ToMetricString() const;

 private:
  std::string data_;
};

struct LabelsHash {
  std::size_t operator()(const Labels& labels) const { return labels.Hash(); }
};

// Changes a label set: start from one (or none), Set, Del, Keep, then Build. Reset keeps the
// memory. Views given to Set are copied.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(const Labels& base) { Reset(base); }

  void Reset(const Labels& base);
  void Clear() { labels_.clear(); }
  void Set(std::string_view name, std::string_view value);  // an empty value deletes
  void Del(std::string_view name);
  void Keep(const std::vector<std::string>& names);   // deletes all others
  std::string_view Get(std::string_view name) const;  // "" when absent; valid until the next change
  bool empty() const { return labels_.empty(); }
  const std::vector<std::pair<std::string, std::string>>& labels() const {
    return labels_;
  }  // sorted

  Labels Build() const;

 private:
  std::vector<std::pair<std::string, std::string>> labels_;  // sorted by name
};

// [a-zA-Z_][a-zA-Z0-9_]* and, for metric names, colons too. Prometheus 3 takes any UTF-8 besides.
bool IsLegacyLabelName(std::string_view name);
bool IsLegacyMetricName(std::string_view name);

// Appends `text` in double quotes with Go's escapes (strconv.Quote).
void AppendGoQuoted(std::string& out, std::string_view text);

}  // namespace drover
