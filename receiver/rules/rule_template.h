// Templates in labels and annotations of alerting rules.
#pragma once

#include <string>
#include <string_view>

#include "core/model/labels.h"
#include "receiver/template/functions.h"
#include "receiver/template/template.h"

namespace drover::rules {

// Whether it parses, with $labels, $value, $externalLabels and $externalURL known.
Status CheckRuleTemplate(std::string_view text, const std::string& alert);

// Expands the texts of one rule for one sample after the other. An error becomes part of the text:
// "<error expanding template: …>". One thread at a time.
class RuleTemplates {
 public:
  RuleTemplates(const std::string& alert, const tmpl::PrometheusEnv& env,
                const Labels& external_labels);
  void SetSample(const Labels& labels, double value);
  std::string Expand(const std::string& text);
  int errors() const { return errors_; }

 private:
  std::string name_;
  tmpl::TemplateSet set_;
  std::string external_url_;
  tmpl::Value external_labels_;
  tmpl::Value data_;
  int errors_ = 0;
};

}  // namespace drover::rules
