#include "core/http/web_config.h"

#include <algorithm>
#include <array>

#include "core/http/auth.h"

namespace drover::http {
namespace {

// The suites of Go's tls.CipherSuites, which upstream takes; those of TLS 1.3 are always on there.
constexpr std::array kSuites = std::to_array<std::string_view>({
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
});
constexpr std::array kCurves =
    std::to_array<std::string_view>({"CurveP256", "CurveP384", "CurveP521", "X25519"});
constexpr std::array kVersions =
    std::to_array<std::string_view>({"TLS10", "TLS11", "TLS12", "TLS13"});
constexpr std::array kClientAuths =
    std::to_array<std::string_view>({"NoClientCert", "RequestClientCert", "RequireAnyClientCert",
                                     "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"});

// Where `text` stands in `words`, or an error that lists them.
template <std::size_t N>
Result<std::size_t> IndexOf(const YamlNode& node, const std::string& text,
                            const std::array<std::string_view, N>& words, std::string_view what) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string list;
  for (const std::string_view word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  return node.Fail("unknown " + std::string(what) + " \"" + text + "\", expected one of " + list);
}

// The place of the key below `parent`, or of `parent` when it is absent.
const YamlNode& At(const YamlNode& parent, std::string_view key) {
  const YamlNode* found = parent.Find(key);
  return found != nullptr ? *found : parent;
}

Status ValidateTls(const TlsServerConfig& c, const YamlNode& node) {
  if (node.IsNull() || node.entries.empty()) return {};
  const auto one_of = [&](std::string_view name, bool text, bool file, bool needed) -> Status {
    const std::string either = std::string(name) + " or " + std::string(name) + "_file";
    if (text && file)
      return At(node, std::string(name) + "_file").Fail("at most one of " + either + " may be set");
    if (!text && !file && needed) return node.Fail("missing one of " + either);
    return {};
  };
  DROVER_CHECK(one_of("cert", !c.cert.empty(), !c.cert_file.empty(), true));
  DROVER_CHECK(one_of("key", !c.key.empty(), !c.key_file.empty(), true));
  const bool has_ca = !c.client_ca.empty() || !c.client_ca_file.empty();
  DROVER_CHECK(one_of("client_ca", !c.client_ca.empty(), !c.client_ca_file.empty(), false));
  if (has_ca && c.client_auth_type == ClientAuth::kNone)
    return At(node, c.client_ca.empty() ? "client_ca_file" : "client_ca")
        .Fail("a client CA needs a client_auth_type other than NoClientCert");
  if (!c.client_allowed_sans.empty() && c.client_auth_type != ClientAuth::kRequireAny &&
      c.client_auth_type != ClientAuth::kRequireAndVerify)
    return At(node, "client_allowed_sans")
        .Fail(
            "client_allowed_sans needs client_auth_type RequireAnyClientCert or "
            "RequireAndVerifyClientCert");
  if (c.min_version > c.max_version)
    return At(node, "min_version").Fail("min_version is above max_version");
  const bool only_tls13_suites =
      !c.cipher_suites.empty() &&
      std::all_of(c.cipher_suites.begin(), c.cipher_suites.end(), [](const CipherSuite& suite) {
        return suite.name.find("_WITH_") == std::string::npos;
      });
  if (only_tls13_suites && c.max_version < TlsVersion::kTls13)
    return At(node, "cipher_suites").Fail("no cipher suite for versions up to max_version");
  return {};
}

Status ValidateHeaders(const YamlNode& http) {
  const YamlNode* headers = http.Find("headers");
  if (headers == nullptr) return {};
  struct Allowed {
    std::string_view name;
    std::vector<std::string_view> values;  // empty: any
  };
  const Allowed allowed[] = {{"Content-Security-Policy", {}},
                             {"X-Frame-Options", {"deny", "sameorigin"}},
                             {"X-Content-Type-Options", {"nosniff"}},
                             {"X-XSS-Protection", {}},
                             {"Strict-Transport-Security", {}}};
  for (const auto& [key, value] : headers->entries) {
    const auto found =
        std::find_if(std::begin(allowed), std::end(allowed),
                     [&key = key](const Allowed& one) { return one.name == key.text; });
    if (found == std::end(allowed))
      return key.Fail("HTTP header \"" + key.text + "\" can not be configured");
    const auto& values = found->values;
    if (!value.text.empty() && !values.empty() &&
        std::find(values.begin(), values.end(), value.text) == values.end())
      return value.Fail("invalid value for " + key.text + ": \"" + value.text + "\", expected " +
                        std::string(values[0]) +
                        (values.size() > 1 ? " or " + std::string(values[1]) : ""));
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; };
    if (std::any_of(value.text.begin(), value.text.end(), is_control))
      return value.Fail("a header's value is one line of text");
  }
  return {};
}

Status ValidateUsers(const YamlNode& root) {
  const YamlNode* users = root.Find("basic_auth_users");
  if (users == nullptr) return {};
  for (const auto& [name, hash] : users->entries) {
    if (name.text.find(':') != std::string::npos)
      return name.Fail("a user name cannot hold a colon");
    if (!BcryptCost(hash.text))
      return hash.Fail("the value of user \"" + name.text +
                       "\" is no bcrypt hash (htpasswd -nBC 10 \"\" makes one)");
  }
  return {};
}

void Resolve(std::string& file, const std::string& folder) {
  if (!file.empty() && file.front() != '/') file.insert(0, folder);
}

}  // namespace

Status FromYaml(const YamlNode& node, ClientAuth& out) {
  std::string text;
  DROVER_CHECK(FromYaml(node, text));
  if (text.empty()) text = "NoClientCert";
  if (text == "RequireClientCert") text = "RequireAnyClientCert";  // upstream's older name
  DROVER_TRY(const std::size_t at, IndexOf(node, text, kClientAuths, "client_auth_type"));
  out = static_cast<ClientAuth>(at);
  return {};
}

Status FromYaml(const YamlNode& node, TlsVersion& out) {
  std::string text;
  DROVER_CHECK(FromYaml(node, text));
  DROVER_TRY(const std::size_t at, IndexOf(node, text, kVersions, "TLS version"));
  out = static_cast<TlsVersion>(at);
  return {};
}

Status FromYaml(const YamlNode& node, CipherSuite& out) {
  DROVER_CHECK(FromYaml(node, out.name));
  return IndexOf(node, out.name, kSuites, "cipher suite").map([](std::size_t) {});
}

Status FromYaml(const YamlNode& node, Curve& out) {
  DROVER_CHECK(FromYaml(node, out.name));
  return IndexOf(node, out.name, kCurves, "curve").map([](std::size_t) {});
}

void ToYaml(const ClientAuth& v, YamlWriter& out) {
  out.Scalar(kClientAuths[static_cast<std::size_t>(v)]);
}
void ToYaml(const TlsVersion& v, YamlWriter& out) {
  out.Scalar(kVersions[static_cast<std::size_t>(v)]);
}
void ToYaml(const CipherSuite& v, YamlWriter& out) { out.Scalar(v.name); }
void ToYaml(const Curve& v, YamlWriter& out) { out.Scalar(v.name); }

Result<WebConfig> ParseWebConfig(std::string_view text, const std::string& file,
                                 std::vector<std::string>* warnings) {
  DROVER_TRY(const YamlNode root, ParseYaml(text, file));
  WebConfig config;
  DROVER_CHECK(ReadFields(root, config, warnings));
  if (const YamlNode* tls = root.Find("tls_server_config"))
    DROVER_CHECK(ValidateTls(config.tls, *tls));
  if (const YamlNode* http = root.Find("http_server_config")) DROVER_CHECK(ValidateHeaders(*http));
  DROVER_CHECK(ValidateUsers(root));
  if (const YamlNode* limit = root.Find("rate_limit")) {
    if (config.rate_limit.interval < Millis(0))
      return At(*limit, "interval").Fail("interval is below 0");
    if (config.rate_limit.interval > Millis(0) && config.rate_limit.burst < 1)
      return At(*limit, "burst").Fail("a rate limit with a burst below 1 refuses every request");
  }
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : file.substr(0, slash + 1);
  Resolve(config.tls.cert_file, folder);
  Resolve(config.tls.key_file, folder);
  Resolve(config.tls.client_ca_file, folder);
  return config;
}

}  // namespace drover::http
