"""A certificate authority for one cluster, by openssl, and the kubeconfig files that use it."""

import base64
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.errors import ClusterError

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_DAYS = ("-days", "365")


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, in PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """Signs certificates; its folder holds everything it ever issued and the key for ServiceAccount tokens."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> "Authority":
        """Make a new authority in an empty or missing folder that only its owner can read."""
        folder.mkdir(mode=0o700, parents=True)
        made = cls(folder)
        own = made._pair("ca")
        _openssl("req", "-x509", *_KEY, *_DAYS, "-subj", "/CN=modelmonitor-test",
                 "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
                 "-keyout", own.key, "-out", own.certificate)  # fmt: skip
        # Not `genpkey`: the API server finds the public half only in a key of the older PEM form.
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", made.token_key)
        return made

    @property
    def certificate(self) -> Path:
        """What everybody in the cluster trusts."""
        return self._pair("ca").certificate

    @property
    def token_key(self) -> Path:
        """Signs ServiceAccount tokens."""
        return self.folder / "serviceaccount.key"

    def issue(self, user: str, groups: Sequence[str] = (), addresses: Sequence[str] = ()) -> KeyPair:
        """A certificate for a user (client) and, with addresses (`IP:…` or `DNS:…`), also for a server."""
        pair = self._pair(user.replace(":", "_").replace("/", "_"))
        if pair.certificate.exists():
            return pair
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
        usage = "clientAuth,serverAuth" if addresses else "clientAuth"
        names = ("-addext", f"subjectAltName={','.join(addresses)}") if addresses else ()
        own = self._pair("ca")
        _openssl("req", "-x509", "-CA", own.certificate, "-CAkey", own.key, *_KEY, *_DAYS, "-subj", subject,
                 "-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"extendedKeyUsage={usage}", *names,
                 "-keyout", pair.key, "-out", pair.certificate)  # fmt: skip
        return pair

    def kubeconfig(self, server: str, user: str, groups: Sequence[str] = ()) -> str:
        """A self-contained kubeconfig (JSON is YAML) that talks to `server` as this user."""
        pair = self.issue(user, groups)
        cluster = {"server": server, "certificate-authority-data": _base64(self.certificate)}
        account = {"client-certificate-data": _base64(pair.certificate), "client-key-data": _base64(pair.key)}
        name = "modelmonitor-test"
        return json.dumps({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": user, "user": account}],
        }, indent=1)  # fmt: skip

    def _pair(self, name: str) -> KeyPair:
        return KeyPair(self.folder / f"{name}.crt", self.folder / f"{name}.key")


def _openssl(*arguments: str | Path) -> None:
    try:
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ClusterError("there is no openssl on PATH: install the package openssl (3.0 or newer).") from error
    if done.returncode:
        raise ClusterError(f"openssl {arguments[0]} failed: {done.stderr.strip()} (openssl 3.0 or newer is needed).")


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
