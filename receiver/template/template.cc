#include "receiver/template/template.h"

#include "core/model/labels.h"
#include "receiver/template/builtins.h"
#include "receiver/template/exec.h"
#include "receiver/template/node.h"

namespace drover::tmpl {

TemplateSet::TemplateSet(Functions functions, ExpandLimits limits)
    : functions_(std::make_shared<const Functions>(std::move(functions))), limits_(limits) {}

bool TemplateSet::HasFunction(std::string_view name) const {
  return functions_->contains(name) || Builtins().contains(name) || name == "and" || name == "or" ||
         name == "call";
}

Status TemplateSet::Parse(const std::string& name, std::string_view text) {
  DROVER_TRY(const auto parsed,
             ParseTemplates(name, text, [this](std::string_view f) { return HasFunction(f); }));
  for (const auto& t : parsed) {
    // An empty body does not hide what is there already.
    if (t->IsBlank() && templates_.contains(t->name)) continue;
    templates_[t->name] = t;
  }
  return {};
}

Status TemplateSet::Check(std::string_view text, const std::string& name) const {
  DROVER_TRY(const auto parsed,
             ParseTemplates(name, text, [this](std::string_view f) { return HasFunction(f); }));
  (void)parsed;
  return {};
}

Result<std::string> TemplateSet::Execute(std::string_view name, const Value& data) const {
  const auto found = templates_.find(name);
  if (found == templates_.end()) {
    std::string text = "template: no template ";
    AppendGoQuoted(text, name);
    return Fail(ErrorCode::kNotFound, text);
  }
  return Run(*found->second, templates_, *functions_, limits_, data);
}

Result<std::string> TemplateSet::Expand(std::string_view text, const Value& data,
                                        const std::string& name) const {
  DROVER_TRY(const auto parsed,
             ParseTemplates(name, text, [this](std::string_view f) { return HasFunction(f); }));
  TemplateMap all = templates_;
  std::shared_ptr<const Template> body;
  for (const auto& t : parsed) {
    if (t->name == name) body = t;
    if (t->IsBlank() && all.contains(t->name)) continue;
    all[t->name] = t;
  }
  if (!body) return std::string();
  return Run(*body, all, *functions_, limits_, data);
}

}  // namespace drover::tmpl
