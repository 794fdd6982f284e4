"""etcd and kube-apiserver alone, as ordinary child processes on loopback: what tests of the API need. Needs no root.

    with ControlPlane() as plane:
        plane.kubectl("get", "namespaces")
        client = load(plane.kubeconfig)

Ready in some three seconds; several may run at once. What there is: RBAC, Pod Security admission, ServiceAccount
tokens by TokenRequest, constrained impersonation, CRDs with CEL, an audit log. What there is not, because nothing
runs controllers: a `default` ServiceAccount in new namespaces (create it where a test creates Pods), garbage
collection by ownerReferences, namespaces that finish terminating, Jobs that make Pods.
"""

import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from e2e.cluster import binaries
from e2e.cluster.apiserver import AUDIT_EVERYTHING, ApiServer
from e2e.cluster.errors import ClusterError
from e2e.cluster.pki import Authority
from e2e.cluster.progress import Progress, Step, wait_until

# Nothing routes to loopback, so there is no address to publish as endpoint of the `kubernetes` Service.
_ON_LOOPBACK: Final = ("--endpoint-reconciler-type=none",)
_ADVICE: Final = "Is the machine very busy? Try again."
_NOT_STARTED: Final = "the control plane is not started: call start(), or use it in a `with` block."


class ControlPlane:
    """One etcd and one kube-apiserver in a scratch folder.

    Args:
        audit_policy: Text of an audit policy; the default logs every call's metadata. None: no audit log.
        extra_arguments: Further flags of kube-apiserver.
        progress: Where a first build of the binaries is reported.
    """

    def __init__(
        self,
        *,
        audit_policy: str | None = AUDIT_EVERYTHING,
        extra_arguments: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> None:
        self._audit_policy = audit_policy
        self._extra = tuple(extra_arguments)
        self._progress = progress or Progress()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._spawner: ThreadPoolExecutor | None = None
        self._server: ApiServer | None = None
        self._folder: Path | None = None

    @property
    def server(self) -> ApiServer:
        """Addresses and certificates. Raises ClusterError before start()."""
        if self._server is None:
            raise ClusterError(_NOT_STARTED)
        return self._server

    @property
    def folder(self) -> Path:
        """Scratch folder with the logs; it is deleted by stop(). Raises ClusterError before start()."""
        if self._folder is None:
            raise ClusterError(_NOT_STARTED)
        return self._folder

    @property
    def url(self) -> str:
        """The API server's address."""
        return self.server.url

    @property
    def kubeconfig(self) -> Path:
        """The admin's kubeconfig file."""
        return self.folder / "admin.kubeconfig"

    @property
    def audit_log(self) -> Path:
        """One JSON object per line and call; only there when an audit policy was given."""
        return self.folder / "audit.log"

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig file for any other user; what they may do is up to the test's RBAC rules."""
        file = self.folder / f"{user.replace(':', '_')}.kubeconfig"
        file.write_text(self.server.authority.kubeconfig(self.url, user, groups))
        return file

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as admin and return its output. Raises ClusterError with what it said when it fails."""
        return run_kubectl(self.server.binaries, self.kubeconfig, arguments, stdin)

    def start(self) -> Self:
        """Start both and wait until the API server is ready. Raises ClusterError with the end of its log."""
        folder = Path(tempfile.mkdtemp(prefix="modelmonitor-control-plane-"))
        self._folder = folder
        self._spawner = ThreadPoolExecutor(max_workers=1)
        try:
            self._server = server = self._plan(folder)
            self._spawn("etcd", server.etcd_command())
            self._spawn("kube-apiserver", server.command([*_ON_LOOPBACK, *self._extra]))
            wait_until(self._is_up, Step("starting the API server"), seconds=60, advice=_ADVICE, pause=0.05)
            self.kubeconfig.write_text(server.admin_kubeconfig())
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End both and delete the scratch folder; doing it twice is fine."""
        for process in reversed(self._processes.values()):
            process.kill()
            process.wait()
        self._processes.clear()
        if self._spawner:
            self._spawner.shutdown()
            self._spawner = None
        self._server = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _plan(self, folder: Path) -> ApiServer:
        # Each control plane takes a loopback address of its own, so that two of them, or whatever else the machine
        # runs, do not compete for ports between our asking for free ones and the servers' binding them.
        address = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(1, 254)}"  # noqa: S311
        port, etcd_port, etcd_peer_port = _free_ports(address, 3)
        policy = folder / "audit-policy.yaml"
        policy.write_text(self._audit_policy or "")
        return ApiServer(
            binaries=binaries.build(binaries.Tool.KUBERNETES, self._progress),
            authority=Authority.create(folder / "pki"),
            address=address,
            port=port,
            etcd_address=address,
            etcd_port=etcd_port,
            etcd_peer_port=etcd_peer_port,
            etcd_folder=folder / "etcd",
            service_cidr="10.96.0.0/16",
            service_address="10.96.0.1",
            audit_log=self.audit_log if self._audit_policy else None,
            audit_policy=policy,
        )

    def _spawn(self, name: str, command: list[str]) -> None:
        # The kernel ends them when the thread that started them ends (setpriv --pdeathsig), however this process
        # dies. That thread must not be a passing one of the caller's, so it is one that lives as long as we do.
        assert self._spawner is not None
        with (self.folder / f"{name}.log").open("wb") as log:
            leashed = ["setpriv", "--pdeathsig", "KILL", "--", *command]
            start = self._spawner.submit(subprocess.Popen, leashed, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self._processes[name] = start.result()

    def _is_up(self) -> bool:
        for name, process in self._processes.items():
            if process.poll() is not None:
                log = (self.folder / f"{name}.log").read_text(errors="replace").splitlines()
                raise ClusterError("\n".join([f"{name} exited {process.returncode} while starting:", *log[-5:]]))
        return self.server.ready()


def run_kubectl(binaries_folder: Path, kubeconfig: Path, arguments: Sequence[str], stdin: str | None) -> str:
    """Run kubectl with this kubeconfig and return its output. Raises ClusterError with what it said."""
    command = [str(binaries_folder / "kubectl"), f"--kubeconfig={kubeconfig}", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"kubectl {' '.join(arguments)} exited {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _free_ports(address: str, count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((address, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
