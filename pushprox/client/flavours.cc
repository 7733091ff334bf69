#include "pushprox/client/flavours.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <utility>

namespace drover::pushprox {
namespace {

constexpr std::string_view kK3s = "var/lib/rancher/k3s";
constexpr std::string_view kRkeSsl = "etc/kubernetes/ssl";
constexpr std::string_view kKubeadmFlags = "var/lib/kubelet/kubeadm-flags.env";
constexpr std::string_view kKubeadmManifests = "etc/kubernetes/manifests";
constexpr std::string_view kRke2Manifests = "var/lib/rancher/rke2/agent/pod-manifests";
constexpr std::string_view kKubeletPods = "var/lib/kubelet/pods";
constexpr std::size_t kMostPods = 2'000;

enum class How { kHttp, kTokenHttps, kCertificates };

struct Component {
  std::string_view name;
  int port;
  How how;
  bool kubelet_paths = false;
  bool on_request = false;
  // Which sign of it was found; nothing when there is none.
  std::function<std::optional<std::string>()> sign;
};

class Node {
 public:
  Node(const FlavourOptions& options, const FileSystem& root) : options_(options), root_(root) {}

  Result<FlavourTargets> Find() {
    std::string flavour = options_.flavour;
    if (flavour == "auto") flavour = Recognise();
    const std::vector<Component> components = ComponentsOf(flavour);
    if (components.empty() && options_.flavour != "auto")
      return Fail(ErrorCode::kInvalid,
                  "flavour: \"" + flavour + "\" is none of auto, rke, rke2, k3s and kubeadm");
    DROVER_CHECK(CheckNames(flavour, components));
    found_.flavour = flavour;
    for (const Component& component : components) Take(component);
    return std::move(found_);
  }

 private:
  void Say(std::string line) { found_.findings.push_back(std::move(line)); }

  std::optional<std::string> Sign(const std::string& path) const {
    if (!root_.Exists(path)) return std::nullopt;
    return root_.RealPath(path);
  }

  std::string Recognise() {
    const std::array<std::pair<std::string_view, std::vector<std::string_view>>, 4> kSigns = {{
        {"rke2", {"var/lib/rancher/rke2/agent", "var/lib/rancher/rke2/server"}},
        {"k3s", {"var/lib/rancher/k3s/agent", "var/lib/rancher/k3s/server"}},
        {"rke", {"etc/kubernetes/ssl/kube-ca.pem"}},
        {"kubeadm", {kKubeadmFlags, "etc/kubernetes/kubelet.conf"}},
    }};
    std::string chosen;
    for (const auto& [flavour, signs] : kSigns) {
      for (const std::string_view path : signs) {
        const auto sign = Sign(std::string(path));
        if (!sign) continue;
        if (chosen.empty()) {
          chosen = flavour;
          Say("flavour " + chosen + ": " + *sign);
        } else if (chosen != flavour) {
          Say("also " + *sign + ", a sign of " + std::string(flavour) +
              ", is left alone: say --flavour=" + std::string(flavour) + " if it is that");
        }
        break;
      }
    }
    if (chosen.empty()) Say("no sign of rke, rke2, k3s or kubeadm below " + root_.RealPath(""));
    return chosen;
  }

  std::vector<Component> ComponentsOf(std::string_view flavour) {
    const auto file = [this](std::string_view folder, std::string_view name) {
      return [this, path = std::string(folder) + "/" + std::string(name)] { return Sign(path); };
    };
    const Component kubelet{"kubelet", 10250, How::kTokenHttps, true, true, {}};
    const Component node_exporter{"node-exporter", 9796, How::kHttp, false, true, {}};
    const Component ingress{"ingress-nginx", 10254, How::kHttp, false, true, {}};
    const auto plane = [&](std::string_view folder, std::string_view ending) {
      const std::string end(ending);
      return std::vector<Component>{{"kube-controller-manager", 10257, How::kTokenHttps, false,
                                     false, file(folder, "kube-controller-manager" + end)},
                                    {"kube-scheduler", 10259, How::kTokenHttps, false, false,
                                     file(folder, "kube-scheduler" + end)}};
    };
    std::vector<Component> all;
    if (flavour == "rke") {
      all = plane(kRkeSsl, ".pem");
      all.push_back(
          {"kube-proxy", 10249, How::kHttp, false, false, file(kRkeSsl, "kube-proxy.pem")});
      all.push_back({"kube-etcd", 2379, How::kCertificates, false, false,
                     [this] { return EtcdCertificate(); }});
      all.insert(all.end(), {ingress, kubelet, node_exporter});
    } else if (flavour == "rke2") {
      all = plane(kRke2Manifests, ".yaml");
      all.push_back(
          {"kube-proxy", 10249, How::kHttp, false, false, file(kRke2Manifests, "kube-proxy.yaml")});
      all.push_back(
          {"kube-etcd", 2381, How::kHttp, false, false, file(kRke2Manifests, "etcd.yaml")});
      all.insert(all.end(), {ingress, kubelet, node_exporter});
    } else if (flavour == "kubeadm") {
      all = plane(kKubeadmManifests, ".yaml");
      all.push_back({"kube-proxy", 10249, How::kHttp, false, false, [this] { return ProxyPod(); }});
      all.push_back(
          {"kube-etcd", 2381, How::kHttp, false, false, file(kKubeadmManifests, "etcd.yaml")});
      all.insert(all.end(), {kubelet, node_exporter});
    } else if (flavour == "k3s") {
      all.push_back({"k3s-server", 10250, How::kTokenHttps, true, false, [this] {
                       auto sign = Sign(std::string(kK3s) + "/agent");
                       return sign ? sign : Sign(std::string(kK3s) + "/server");
                     }});
      all.push_back(node_exporter);
    }
    return all;
  }

  Status CheckNames(const std::string& flavour, const std::vector<Component>& components) const {
    for (const std::string& wanted : options_.components) {
      if (flavour.empty() || std::any_of(components.begin(), components.end(),
                                         [&](const Component& one) { return one.name == wanted; }))
        continue;
      std::string known;
      for (const Component& one : components)
        known += (known.empty() ? "" : ", ") + std::string(one.name);
      return Fail(ErrorCode::kInvalid,
                  "components: \"" + wanted + "\" is none of " + flavour + "'s: " + known);
    }
    return {};
  }

  bool Wanted(const Component& component) const {
    if (options_.components.empty()) return !component.on_request;
    return std::find(options_.components.begin(), options_.components.end(), component.name) !=
           options_.components.end();
  }

  void Take(const Component& component) {
    if (!Wanted(component)) return;
    const std::string name(component.name);
    if (component.sign) {
      const auto sign = component.sign();
      if (!sign) {
        Say(name + ": not on this node");
        return;
      }
      Say(name + ": " + *sign);
    } else {
      Say(name + ": asked for");
    }
    // A scrape takes the first that allows its path: the longer ones go first.
    const std::vector<std::string> paths =
        component.kubelet_paths
            ? std::vector<std::string>{"/metrics/cadvisor", "/metrics/probes", "/metrics"}
            : std::vector<std::string>{"/metrics"};
    for (const std::string& path : paths) found_.targets.push_back(Target(component, path));
  }

  TargetConfig Target(const Component& component, const std::string& path) const {
    TargetConfig target;
    target.port = component.port;
    target.paths = {path};
    target.component = component.name;
    target.address = "127.0.0.1";
    if (component.how == How::kHttp) return target;
    target.scheme = "https";
    if (component.how == How::kTokenHttps) {
      target.authorization.credentials_file = options_.token_file;
      target.tls_config.insecure_skip_verify = true;
    } else {
      const std::string folder = root_.RealPath(kRkeSsl) + "/";
      target.tls_config.ca_file = folder + "kube-ca.pem";
      target.tls_config.cert_file = folder + etcd_ + ".pem";
      target.tls_config.key_file = folder + etcd_ + "-key.pem";
      target.tls_config.server_name = "127.0.0.1";
    }
    return target;
  }

  // A node has the certificates of all etcd hosts at times: any of them will do for a client.
  std::optional<std::string> EtcdCertificate() {
    constexpr std::string_view kPrefix = "kube-etcd-";
    constexpr std::string_view kKeyEnd = "-key.pem";
    const auto names = root_.List(kRkeSsl);
    if (!names) return std::nullopt;
    for (const std::string& name : *names) {
      if (!name.starts_with(kPrefix) || !name.ends_with(kKeyEnd)) continue;
      const std::string stem = name.substr(0, name.size() - kKeyEnd.size());
      // Of an etcd elsewhere, and authorities.
      if (stem == "kube-etcd-client" || stem == "kube-etcd-client-ca" || stem == "kube-etcd-ca")
        continue;
      const auto sign = Sign(std::string(kRkeSsl) + "/" + stem + ".pem");
      if (!sign) continue;
      etcd_ = stem;
      return sign;
    }
    return std::nullopt;
  }

  // kubeadm's kube-proxy is a DaemonSet: its pod has a volume of that name. Clusters may be without
  // (eBPF), so that it cannot be taken for granted.
  std::optional<std::string> ProxyPod() const {
    const auto pods = root_.List(kKubeletPods);
    if (!pods)
      return "cannot look into " + root_.RealPath(kKubeletPods) + ", so it is taken for granted";
    std::size_t seen = 0;
    for (const std::string& pod : *pods) {
      if (++seen > kMostPods) break;
      const auto sign = Sign(std::string(kKubeletPods) + "/" + pod +
                             "/volumes/kubernetes.io~configmap/kube-proxy");
      if (sign) return sign;
    }
    return std::nullopt;
  }

  const FlavourOptions& options_;
  const FileSystem& root_;
  FlavourTargets found_;
  std::string etcd_;
};

}  // namespace

Result<FlavourTargets> FindTargets(const FlavourOptions& options, const FileSystem& root) {
  return Node(options, root).Find();
}

std::string WriteTargets(const std::vector<TargetConfig>& targets) {
  YamlWriter out;
  const auto text = [&](std::string_view key, const std::string& value) {
    if (value.empty()) return;
    out.Key(key);
    ToYaml(value, out);
  };
  out.BeginMap();
  out.Key("targets");
  out.BeginList();
  for (const TargetConfig& target : targets) {
    out.Item();
    out.BeginMap();
    text("name", target.name);
    out.Key("port");
    ToYaml(std::int64_t{target.port}, out);
    out.Key("paths");
    out.BeginList();
    for (const std::string& path : target.paths) {
      out.Item();
      ToYaml(path, out);
    }
    out.EndList();
    text("component", target.component);
    text("scheme", target.scheme);
    text("address", target.address);
    if (!(target.tls_config == TlsSettings{})) {
      out.Key("tls_config");
      out.BeginMap();
      text("ca_file", target.tls_config.ca_file);
      text("cert_file", target.tls_config.cert_file);
      text("key_file", target.tls_config.key_file);
      text("server_name", target.tls_config.server_name);
      if (target.tls_config.insecure_skip_verify) {
        out.Key("insecure_skip_verify");
        ToYaml(true, out);
      }
      out.EndMap();
    }
    if (!target.authorization.credentials_file.empty()) {
      out.Key("authorization");
      out.BeginMap();
      text("credentials_file", target.authorization.credentials_file);
      out.EndMap();
    }
    out.EndMap();
  }
  out.EndList();
  out.EndMap();
  return out.text();
}

}  // namespace drover::pushprox
