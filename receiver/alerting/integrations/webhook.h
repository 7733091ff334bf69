// webhook_configs: the group as JSON, version 4, or a body of the user's own
// (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
#pragma once

#include <memory>

#include "core/http/client.h"
#include "receiver/alerting/config/integrations.h"
#include "receiver/alerting/notify/integration.h"
#include "receiver/template/template.h"

namespace drover::alerting {

class Webhook final : public Integration {
 public:
  // `templates` outlives it.
  Webhook(WebhookConfig config, std::unique_ptr<http::Client> client,
          const tmpl::TemplateSet& templates);

  std::string kind() const override { return "webhook"; }
  bool send_resolved() const override { return config_.send_resolved; }
  Outcome Send(const SendContext& context, const Message& message) const override;

 private:
  Result<std::string> Url(const tmpl::Value& data) const;
  Result<std::string> Body(const Message& message, const tmpl::NotificationData& data) const;

  const WebhookConfig config_;
  const std::unique_ptr<http::Client> client_;
  const tmpl::TemplateSet& templates_;
};

// The body of version 4. `truncated` alerts of the group are not in `data`.
std::string WebhookBody(const tmpl::NotificationData& data, const std::string& group_key,
                        std::size_t truncated);

// Every text of `node`, keys too, is run as a template; a result that reads as YAML of another kind
// than text becomes that.
Result<std::string> ExpandPayload(const YamlNode& node, const tmpl::TemplateSet& templates,
                                  const tmpl::Value& data);

// What a status says about trying again: 2xx is fine, 5xx, 408 and 429 are worth a retry.
Outcome OutcomeOf(const Result<http::ClientResponse>& answer, const std::string& where);

}  // namespace drover::alerting
