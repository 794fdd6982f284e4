"""containerd, kubelet and kube-proxy: their configuration and command lines, as they run inside the sandbox."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from e2e.cluster.network import AddressPlan
from e2e.cluster.pki import Authority
from e2e.cluster.sandbox import GROUP, NODE_NAME

CLUSTER_DOMAIN: Final = "cluster.local"
CONTAINERD_SOCKET: Final = "/run/containerd/containerd.sock"

_CONTAINERD: Final = """\
version = 2
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
                    "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]
oom_score = 0

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # A machine may withhold CAP_SYS_RESOURCE: then nothing may lower an oom score.
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{cni}"
"""


@dataclass(frozen=True, kw_only=True)
class Node:
    """Writes the files below `folder` and says what to run."""

    folder: Path
    binaries: Path
    authority: Authority
    addresses: AddressPlan
    api_url: str
    pause_image: str

    def containerd_command(self) -> list[str]:
        """Pods are cabled to the node one by one (ptp): no bridge on which their traffic could pass kube-proxy by."""
        network = {
            "cniVersion": "0.4.0",
            "name": "pods",
            "plugins": [
                {
                    "type": "ptp",
                    "ipam": {
                        "type": "host-local",
                        "subnet": str(self.addresses.pods),
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        }
        cni = self.folder / "cni"
        cni.mkdir(parents=True, exist_ok=True)
        self._write("cni/10-pods.conflist", network)
        config = self.folder / "containerd.toml"
        config.write_text(_CONTAINERD.format(pause=self.pause_image, cni=cni))
        return ["containerd", f"--config={config}", "--log-level=warn"]

    def kubelet_command(self) -> list[str]:
        """The flags that have no field in the configuration, and the configuration."""
        user = f"system:node:{NODE_NAME}"
        groups = ("system:nodes",)
        serving = self.authority.issue(user, groups, [f"IP:{self.addresses.node}", f"DNS:{NODE_NAME}"])
        no_servers = self.folder / "resolv.conf"
        no_servers.write_text("")
        config = self._write("kubelet.json", {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": str(self.addresses.node),
            "healthzBindAddress": "127.0.0.1",
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                               "x509": {"clientCAFile": str(self.authority.certificate)}},
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(serving.certificate),
            "tlsPrivateKeyFile": str(serving.key),
            "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
            "clusterDomain": CLUSTER_DOMAIN,
            "clusterDNS": [str(self.addresses.dns)],
            "resolvConf": str(no_servers),
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": GROUP.path,
            "failCgroupV1": False,
            "failSwapOn": False,
            "enforceNodeAllocatable": [],
            # A developer's disk is often nearly full; the test cluster must neither evict for it nor delete images
            # that no registry could give back.
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%",
                             "imagefs.available": "1%"},
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            # Images are imported under their names; nothing is ever pulled with credentials.
            "imagePullCredentialsVerificationPolicy": "NeverVerify",
        })  # fmt: skip
        return [
            str(self.binaries / "kubelet"), f"--config={config}", f"--node-ip={self.addresses.node}",
            f"--kubeconfig={self._kubeconfig(user, groups)}", f"--hostname-override={NODE_NAME}",
        ]  # fmt: skip

    def proxy_command(self) -> list[str]:
        """kube-proxy in nftables mode, in the node's own network namespace."""
        address = self.addresses.node
        unlimited = {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}
        config = self._write("kube-proxy.json", {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clusterCIDR": str(self.addresses.pods),
            "hostnameOverride": NODE_NAME,
            "bindAddress": str(address),
            "healthzBindAddress": f"{address}:10256",
            "metricsBindAddress": f"{address}:10249",
            "conntrack": unlimited,
            "clientConnection": {"kubeconfig": str(self._kubeconfig("system:kube-proxy"))},
        })  # fmt: skip
        return [str(self.binaries / "kube-proxy"), f"--config={config}"]

    def controller_manager_command(self) -> list[str]:
        """Every controller with its own ServiceAccount, as the bootstrap roles expect; no port of its own."""
        return [
            str(self.binaries / "kube-controller-manager"),
            f"--kubeconfig={self._kubeconfig('system:kube-controller-manager')}",
            "--use-service-account-credentials", "--leader-elect=false", "--secure-port=0", "--profiling=false",
            # At the default rate it spends its first five seconds making ServiceAccounts for its controllers.
            "--kube-api-qps=200", "--kube-api-burst=400",
            f"--root-ca-file={self.authority.certificate}",
            f"--service-account-private-key-file={self.authority.token_key}",
        ]  # fmt: skip

    def scheduler_command(self) -> list[str]:
        """The default scheduler."""
        return [
            str(self.binaries / "kube-scheduler"), f"--kubeconfig={self._kubeconfig('system:kube-scheduler')}",
            "--leader-elect=false", "--secure-port=0", "--profiling=false",
        ]  # fmt: skip

    def _kubeconfig(self, user: str, groups: tuple[str, ...] = ()) -> Path:
        file = self.folder / f"{user.replace(':', '_')}.kubeconfig"
        file.write_text(self.authority.kubeconfig(self.api_url, user, groups))
        file.chmod(0o600)
        return file

    def _write(self, name: str, content: dict[str, Any]) -> Path:
        file = self.folder / name
        file.write_text(json.dumps(content, indent=1))
        return file
