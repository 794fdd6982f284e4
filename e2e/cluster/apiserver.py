"""How one etcd and one kube-apiserver are started; the test control plane and the full cluster both use it."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from e2e.cluster.pki import Authority

# Who called what, for every call: an e2e test compares it with the rules of the chart.
AUDIT_EVERYTHING: Final = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
"""

ADMIN: Final = "admin"
ADMIN_GROUPS: Final = ("system:masters",)


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """The command lines, and whether it answers."""

    binaries: Path
    authority: Authority
    address: str
    port: int
    etcd_port: int
    etcd_peer_port: int
    etcd_address: str
    etcd_folder: Path
    service_cidr: str
    service_address: str  # the first of service_cidr: that of the `kubernetes` Service
    audit_log: Path | None = None
    audit_policy: Path | None = None

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"https://{self.address}:{self.port}"

    def etcd_command(self) -> list[str]:
        """Without fsync: a test cluster does not survive the machine, and needs no disk for its latency."""
        client = f"http://{self.etcd_address}:{self.etcd_port}"
        peer = f"http://{self.etcd_address}:{self.etcd_peer_port}"
        return [
            str(self.binaries / "etcd"), "--name=test", f"--data-dir={self.etcd_folder}", "--unsafe-no-fsync",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=test={peer}",
            "--log-level=warn",
        ]  # fmt: skip

    def command(self, extra: Sequence[str] = ()) -> list[str]:
        """RBAC and Node authorization, client certificates, ServiceAccount tokens; `extra` comes last and so wins."""
        names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
        addresses = [f"IP:{self.address}", f"IP:{self.service_address}", *(f"DNS:{name}" for name in names)]
        serving = self.authority.issue("kube-apiserver", addresses=addresses)
        to_kubelet = self.authority.issue("kube-apiserver-kubelet-client", ADMIN_GROUPS)
        command = [
            str(self.binaries / "kube-apiserver"),
            f"--etcd-servers=http://{self.etcd_address}:{self.etcd_port}",
            f"--bind-address={self.address}", f"--advertise-address={self.address}", f"--secure-port={self.port}",
            f"--service-cluster-ip-range={self.service_cidr}",
            f"--tls-cert-file={serving.certificate}", f"--tls-private-key-file={serving.key}",
            f"--client-ca-file={self.authority.certificate}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-signing-key-file={self.authority.token_key}",
            f"--service-account-key-file={self.authority.token_key}",
            "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
            f"--kubelet-certificate-authority={self.authority.certificate}",
            f"--kubelet-client-certificate={to_kubelet.certificate}", f"--kubelet-client-key={to_kubelet.key}",
            "--kubelet-preferred-address-types=InternalIP", "--profiling=false",
        ]  # fmt: skip
        if self.audit_log and self.audit_policy:
            command += [f"--audit-log-path={self.audit_log}", f"--audit-policy-file={self.audit_policy}"]
        return [*command, *extra]

    def admin_kubeconfig(self) -> str:
        """The kubeconfig of a member of system:masters."""
        return self.authority.kubeconfig(self.url, ADMIN, ADMIN_GROUPS)

    def ready(self) -> bool:
        """Whether /readyz says ok, with the bootstrap roles written."""
        admin = self.authority.issue(ADMIN, ADMIN_GROUPS)
        trust = ssl.create_default_context(cafile=str(self.authority.certificate))
        trust.load_cert_chain(admin.certificate, admin.key)
        no_proxy = urllib.request.ProxyHandler({})
        opener = urllib.request.build_opener(no_proxy, urllib.request.HTTPSHandler(context=trust))
        try:
            with opener.open(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
