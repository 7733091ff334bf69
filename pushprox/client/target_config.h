// What drover-pushprox client serves, as client.yml (and agent.yml's pushprox section) says it:
//
//   proxy_url: https://proxy.example.com:8080
//   targets:
//     - {port: 10257, scheme: https, component: kube-controller-manager, address: 127.0.0.1,
//        paths: [/metrics], authorization: {credentials_file: /var/run/…/token},
//        tls_config: {insecure_skip_verify: true}}
//     - {name: etcd-1, port: 2379, scheme: https, address: "127.0.0.1:2379",
//        tls_config: {ca_file: ca.pem, cert_file: etcd.pem, key_file: etcd.key}}
//
// Words are Prometheus' where it has them (tls_config, authorization, scheme). docs/pushprox.md.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/config/describe.h"

namespace drover::pushprox {

// Files are PEM and read again when they change.
struct TlsSettings {
  std::string ca_file;  // "": the system's
  std::string cert_file;
  std::string key_file;
  std::string server_name;  // "": the name that was asked for
  bool insecure_skip_verify = false;
  bool operator==(const TlsSettings&) const = default;
};

struct TargetAuthorization {
  std::string type = "Bearer";
  std::string credentials_file;  // "": none. Read at each scrape
  bool operator==(const TargetAuthorization&) const = default;
};

struct TargetConfig {
  std::string name;                // that the proxy knows it by; "": the client's fqdn
  int port = 0;                    // that scrapers ask for
  std::vector<std::string> paths;  // allowed, with all below; empty: any. /clients shows the first
  std::string component;           // a label of /clients
  std::map<std::string, std::string> labels;  // of /clients
  std::string scheme = "http";
  std::string address;   // HOST or HOST:PORT to connect to; "": the name, and the port above
  bool connect = false;  // CONNECT too, though `paths` cannot be checked inside; without paths: yes
  TlsSettings tls_config;
  TargetAuthorization authorization;  // https only
};

struct ClientConfig {
  std::string proxy_url;
  std::string fqdn;              // "": the host's own
  std::string proxy_token_file;  // read at each use
  TlsSettings proxy_tls_config;
  std::string flavour;                  // auto, rke, rke2, k3s, kubeadm; "": none
  std::vector<std::string> components;  // of the flavour; empty: what is found
  std::string transport;                // auto, tunnel, poll; "": auto
  std::vector<TargetConfig> targets;
};

template <typename Visitor>
void Describe(TlsSettings& c, Visitor& v) {
  v.Field("ca_file", c.ca_file, "file", "File with certificates to trust; the system's if empty.");
  v.Field("cert_file", c.cert_file, "file", "File with the client certificate.");
  v.Field("key_file", c.key_file, "file", "File with that key.");
  v.Field("server_name", c.server_name, "host", "Name the peer's certificate must carry.");
  v.Field("insecure_skip_verify", c.insecure_skip_verify, "bool", "Take any certificate.");
}
template <typename Visitor>
void Describe(TargetAuthorization& c, Visitor& v) {
  v.Field("type", c.type, "text", "Scheme of the Authorization header; not Basic.");
  v.Field("credentials_file", c.credentials_file, "file",
          "File with the token, read at each scrape; for scheme https only.");
}
template <typename Visitor>
void Describe(TargetConfig& c, Visitor& v) {
  v.Field("name", c.name, "text", "Name that it is scraped under; the client's fqdn if empty.");
  v.Field("port", c.port, "port", "Port that it is scraped under.");
  v.Field("paths", c.paths, "paths",
          "Allowed paths, with all below; any if empty. The first is listed in /clients.");
  v.Field("component", c.component, "text", "Label component in /clients.");
  v.Field("labels", c.labels, "labels", "More labels in /clients.");
  v.Field("scheme", c.scheme, "scheme", "http or https.");
  v.Field("address", c.address, "host[:port]",
          "Where to connect to; the name and port above if empty.");
  v.Field("connect", c.connect, "bool",
          "Allow CONNECT though paths are given (they cannot be seen inside TLS).");
  v.Field("tls_config", c.tls_config, "", "Certificates for this target.");
  v.Field("authorization", c.authorization, "", "Token for this target.");
}
template <typename Visitor>
void Describe(ClientConfig& c, Visitor& v) {
  v.Field("proxy_url", c.proxy_url, "url", "The proxy; every address behind its name is used.");
  v.Field("fqdn", c.fqdn, "text", "Name to register; the host's own if empty.");
  v.Field("proxy_token_file", c.proxy_token_file, "file",
          "Token that speaks for all names at the proxy, sent as Bearer, read at each use.");
  v.Field("proxy_tls_config", c.proxy_tls_config, "", "Certificates for the proxy.");
  v.Field("transport", c.transport, "text",
          "tunnel, poll, or auto: a tunnel, and polls where the proxy knows none.");
  v.Field("flavour", c.flavour, "text",
          "auto, rke, rke2, k3s or kubeadm: its components on this node are targets too.");
  v.Field("components", c.components, "list",
          "Only these of the flavour; empty: those found, but the ones to be asked for.");
  v.Field("targets", c.targets, "", "What may be scraped.");
}

// What the fields must fulfil each and together: a port, paths and scheme that are some, a token
// over https only, no (name, port, path) twice. `place` is the block they stand in: errors are
// kInvalid file:line:column.
Status Validate(const ClientConfig& config, const YamlNode& place);
// The same for targets that stand in no file (flavours). kInvalid says which.
Status Validate(const TargetConfig& target);
// Relative file names become relative to `folder` (the configuration file's).
void ResolveFiles(ClientConfig& config, const std::string& folder);

// A whole client.yml: read, validated, files resolved. `warnings` gets keys without effect.
Result<ClientConfig> ReadClientConfig(const std::string& file, std::vector<std::string>& warnings);

// HOST, HOST:PORT, [V6], [V6]:PORT or V6. `port` stays when there is none.
struct DialAddress {
  std::string host;
  int port = 0;
};
Result<DialAddress> ParseDialAddress(std::string_view text, int port);

}  // namespace drover::pushprox
