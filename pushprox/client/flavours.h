// Which components of a Kubernetes distribution run on this node, and how each is scraped: what
// takes a DaemonSet, a Service and a proxy per component elsewhere is a table here.
//
// clang-format off
//   component                port   how                      where it is looked for
//   kube-controller-manager  10257  https, token, any cert   rke: its certificate; else its manifest
//   kube-scheduler           10259  https, token, any cert   the same
//   kube-proxy               10249  http                     rke: its certificate; rke2: its manifest; kubeadm: its pod
//   kube-etcd                2379   https, client certs      rke: kube-etcd-*.pem with its key
//                            2381   http                     rke2, kubeadm: its manifest
//   k3s-server               10250  https, token, any cert   k3s; /metrics, /metrics/cadvisor, /metrics/probes
//   kubelet                  10250  the same                 only when asked for by name
//   node-exporter            9796   http                     only when asked for by name
//   ingress-nginx            10254  http                     only when asked for by name
// clang-format on
//
// All are reached at 127.0.0.1: that is where they listen by default.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/os/file_system.h"
#include "pushprox/client/target_config.h"

namespace drover::pushprox {

struct FlavourOptions {
  std::string flavour = "auto";  // auto, rke, rke2, k3s, kubeadm
  // Empty: all that are found, but those that have to be asked for.
  std::vector<std::string> components;
  std::string token_file = "/var/run/secrets/kubernetes.io/serviceaccount/token";
};

struct FlavourTargets {
  std::string flavour;  // which it is; "" when auto found none
  std::vector<TargetConfig> targets;
  std::vector<std::string> findings;  // a line each: what was found or missed, and where
};

// `root` is the node's / (--path.rootfs). Nothing is asked over the network. kInvalid: no such
// flavour, or a component that it does not have.
Result<FlavourTargets> FindTargets(const FlavourOptions& options, const FileSystem& root);

// As `targets` of a client.yml.
std::string WriteTargets(const std::vector<TargetConfig>& targets);

}  // namespace drover::pushprox
