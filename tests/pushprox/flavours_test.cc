#include "pushprox/client/flavours.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "core/config/yaml.h"
#include "pushprox/client/flavour_watch.h"
#include "pushprox/client/options.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_log.h"
#include "tests/support/temp_folder.h"

namespace drover::pushprox {
namespace {

// A node's / with nothing but the files named.
struct Fixture {
  void Files(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      const std::filesystem::path file = folder.path() + "/" + path;
      std::filesystem::create_directories(file.parent_path());
      std::ofstream(file) << "x";
    }
  }
  Result<FlavourTargets> Find(const std::string& flavour,
                              const std::vector<std::string>& components = {}) {
    FlavourOptions options;
    options.flavour = flavour;
    options.components = components;
    options.token_file = "/token";
    return FindTargets(options, *MakeFileSystem(folder.path()));
  }
  static std::vector<std::string> Names(const Result<FlavourTargets>& found) {
    std::vector<std::string> names;
    REQUIRE(found.has_value());
    for (const TargetConfig& one : found->targets) {
      CHECK(Validate(one).has_value());
      CHECK(one.address == "127.0.0.1");
      REQUIRE(one.paths.size() == 1);
      names.push_back(one.component + ":" + std::to_string(one.port) + one.paths.front());
    }
    return names;
  }
  static std::string Said(const Result<FlavourTargets>& found) {
    std::string text;
    for (const std::string& line : found->findings) text += line + "\n";
    return text;
  }
  testing::TempFolder folder;
};

using Strings = std::vector<std::string>;
const Strings kControlPlane = {"kube-controller-manager:10257/metrics",
                               "kube-scheduler:10259/metrics"};
const Strings kKubelet = {"/metrics/cadvisor", "/metrics/probes", "/metrics"};

Strings Joined(Strings a, const Strings& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_SUITE("flavours") {
  TEST_CASE_FIXTURE(Fixture, "an rke2 server has what its manifests say") {
    Files({"var/lib/rancher/rke2/server/tls/server-ca.crt",
           "var/lib/rancher/rke2/agent/pod-manifests/kube-controller-manager.yaml",
           "var/lib/rancher/rke2/agent/pod-manifests/kube-scheduler.yaml",
           "var/lib/rancher/rke2/agent/pod-manifests/kube-proxy.yaml",
           "var/lib/rancher/rke2/agent/pod-manifests/etcd.yaml"});
    const auto found = Find("auto");
    CHECK(Names(found) ==
          Joined(kControlPlane, {"kube-proxy:10249/metrics", "kube-etcd:2381/metrics"}));
    CHECK(found->flavour == "rke2");
    const TargetConfig& manager = found->targets[0];
    CHECK(manager.scheme == "https");
    CHECK(manager.tls_config.insecure_skip_verify);
    CHECK(manager.authorization.credentials_file == "/token");
    for (std::size_t i : {2U, 3U}) {
      CHECK(found->targets[i].scheme == "http");
      CHECK(found->targets[i].authorization.credentials_file.empty());
    }
  }

  TEST_CASE_FIXTURE(Fixture, "an rke2 worker has a kube-proxy") {
    Files({"var/lib/rancher/rke2/agent/pod-manifests/kube-proxy.yaml"});
    const auto found = Find("auto");
    CHECK(Names(found) == Strings{"kube-proxy:10249/metrics"});
    CHECK(Said(found).find("kube-etcd: not on this node") != std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "an rke node goes by its certificates") {
    Files({"etc/kubernetes/ssl/kube-ca.pem", "etc/kubernetes/ssl/kube-proxy.pem",
           "etc/kubernetes/ssl/kube-etcd-10-0-0-1.pem", "etc/kubernetes/ssl/kube-etcd-10-0-0-2.pem",
           "etc/kubernetes/ssl/kube-etcd-10-0-0-2-key.pem"});
    Files(
        {"etc/kubernetes/ssl/kube-etcd-client.pem", "etc/kubernetes/ssl/kube-etcd-client-key.pem"});
    const auto found = Find("auto");
    CHECK(found->flavour == "rke");
    CHECK(Names(found) == Strings{"kube-proxy:10249/metrics", "kube-etcd:2379/metrics"});
    const TlsSettings& tls = found->targets[1].tls_config;
    const std::string ssl = folder.path() + "/etc/kubernetes/ssl/";
    CHECK(tls.cert_file == ssl + "kube-etcd-10-0-0-2.pem");
    CHECK(tls.key_file == ssl + "kube-etcd-10-0-0-2-key.pem");
    CHECK(tls.ca_file == ssl + "kube-ca.pem");
    CHECK_FALSE(tls.insecure_skip_verify);
    CHECK(found->targets[1].authorization.credentials_file.empty());
    Files({"etc/kubernetes/ssl/kube-controller-manager.pem",
           "etc/kubernetes/ssl/kube-scheduler.pem"});
    CHECK(Names(Find("rke")) ==
          Joined(kControlPlane, {"kube-proxy:10249/metrics", "kube-etcd:2379/metrics"}));
  }

  TEST_CASE_FIXTURE(Fixture, "an rke node of an etcd elsewhere has none") {
    Files({"etc/kubernetes/ssl/kube-ca.pem", "etc/kubernetes/ssl/kube-controller-manager.pem",
           "etc/kubernetes/ssl/kube-scheduler.pem", "etc/kubernetes/ssl/kube-etcd-client.pem",
           "etc/kubernetes/ssl/kube-etcd-client-key.pem"});
    CHECK(Names(Find("auto")) == kControlPlane);
  }

  TEST_CASE_FIXTURE(Fixture, "k3s is one process, by its kubelet's port") {
    Files({"var/lib/rancher/k3s/agent/client-kubelet.crt"});
    const auto found = Find("auto");
    CHECK(found->flavour == "k3s");
    CHECK(Names(found) == Strings{"k3s-server:10250/metrics/cadvisor",
                                  "k3s-server:10250/metrics/probes", "k3s-server:10250/metrics"});
  }

  TEST_CASE_FIXTURE(Fixture, "a kubeadm node by manifests and the proxy's pod") {
    Files({"var/lib/kubelet/kubeadm-flags.env", "etc/kubernetes/manifests/etcd.yaml",
           "etc/kubernetes/manifests/kube-controller-manager.yaml",
           "etc/kubernetes/manifests/kube-scheduler.yaml",
           "var/lib/kubelet/pods/1/volumes/kubernetes.io~configmap/other/x"});
    CHECK(Names(Find("auto")) == Joined(kControlPlane, {"kube-etcd:2381/metrics"}));
    Files({"var/lib/kubelet/pods/2/volumes/kubernetes.io~configmap/kube-proxy/config.conf"});
    CHECK(Names(Find("auto")) ==
          Joined(kControlPlane, {"kube-proxy:10249/metrics", "kube-etcd:2381/metrics"}));
  }

  TEST_CASE_FIXTURE(Fixture, "a kubelet's folder that is closed does not hide the proxy") {
    Files({"etc/kubernetes/kubelet.conf"});
    const auto found = Find("auto");
    CHECK(Names(found) == Strings{"kube-proxy:10249/metrics"});
    CHECK(Said(found).find("taken for granted") != std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "components are picked, some only by name") {
    Files({"var/lib/rancher/rke2/agent/pod-manifests/kube-proxy.yaml",
           "var/lib/rancher/rke2/agent/pod-manifests/etcd.yaml"});
    CHECK(Names(Find("auto", {"kube-etcd", "kubelet", "node-exporter", "kube-scheduler"})) ==
          Strings{"kube-etcd:2381/metrics", "kubelet:10250" + kKubelet[0],
                  "kubelet:10250" + kKubelet[1], "kubelet:10250" + kKubelet[2],
                  "node-exporter:9796/metrics"});
    const auto wrong = Find("auto", {"etcd"});
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().message().find("kube-etcd") != std::string::npos);
    CHECK_FALSE(Find("rke3").has_value());
    CHECK_FALSE(Find("").has_value());
  }

  TEST_CASE_FIXTURE(Fixture, "nothing found is nothing, and said so; two at once are told") {
    const auto none = Find("auto");
    CHECK(Names(none).empty());
    CHECK(none->flavour.empty());
    CHECK(Said(none).find("no sign of") != std::string::npos);
    Files({"var/lib/rancher/rke2/agent/x", "var/lib/rancher/k3s/agent/x"});
    CHECK(Said(Find("auto")).find("--flavour=k3s") != std::string::npos);
    CHECK(Find("k3s")->flavour == "k3s");
  }

  TEST_CASE_FIXTURE(Fixture, "what is shown reads back the same") {
    Files({"var/lib/rancher/rke2/agent/pod-manifests/kube-scheduler.yaml",
           "var/lib/rancher/rke2/agent/pod-manifests/etcd.yaml"});
    const auto found = Find("rke2", {"kubelet", "kube-etcd", "kube-scheduler"});
    const std::string text = WriteTargets(found->targets);
    const auto root = ParseYaml(text, "shown");
    REQUIRE(root.has_value());
    ClientConfig config;
    REQUIRE(ReadFields(*root, config).has_value());
    CHECK(Validate(config, *root).has_value());
    CHECK(WriteTargets(config.targets) == text);
    CHECK(config.targets.size() == 5);
  }

  TEST_CASE_FIXTURE(Fixture, "components that come later, and go, are seen and logged") {
    drover::testing::FakeClock clock;
    drover::testing::MemoryLog lines;
    const Logger log(lines, clock, LogLevel::kInfo, LogFormat::kLogfmt);
    FlavourWatch watch(log);
    FlavourOptions options;
    CHECK_FALSE(watch.Changed(options, folder.path()));  // the first look
    CHECK_FALSE(watch.Changed(options, folder.path()));
    Files({"var/lib/rancher/rke2/agent/pod-manifests/kube-proxy.yaml"});
    CHECK(watch.Changed(options, folder.path()));
    CHECK(lines.text().find("kube-proxy: ") != std::string::npos);
    CHECK_FALSE(watch.Changed(options, folder.path()));
    options.flavour = "rke2";  // asks for something else: no change of the node
    CHECK_FALSE(watch.Changed(options, folder.path()));
    std::filesystem::remove_all(folder.path() + "/var");
    CHECK(watch.Changed(options, folder.path()));
    CHECK(lines.text().find("kube-proxy: not on this node") != std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "a flavour never opens the client, also when it finds nothing") {
    ClientOptions options;
    options.proxy_url = "http://proxy:8080";
    options.fqdn = "node-a";
    options.flavour = "auto";
    options.rootfs = folder.path();
    CHECK_FALSE(Understand(options).has_value());
    options.allow_port = "9100";
    auto plan = Understand(options);
    REQUIRE(plan.has_value());
    CHECK_FALSE(plan->open);
    CHECK(plan->table.targets().size() == 1);
    Files({"var/lib/rancher/rke2/agent/pod-manifests/kube-proxy.yaml"});
    plan = Understand(options);
    REQUIRE(plan.has_value());
    CHECK(plan->table.targets().size() == 2);
    options.flavour.clear();
    options.components = {"kubelet"};
    CHECK_FALSE(Understand(options).has_value());
  }
}

}  // namespace drover::pushprox
