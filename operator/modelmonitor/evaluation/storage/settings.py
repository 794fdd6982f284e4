"""An S3 store's settings from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from modelmonitor.evaluation.storage.folder import Purpose

# Long enough for a slow store, short enough that a wrong endpoint is told within seconds and not at the Job's deadline.
_TIMEOUTS: Final = {"connect_timeout": "5s", "timeout": "60s"}
_NAMES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ALLOW_HTTP",
)
# In a Job of the operator the prefix tells which Secret the names came from.
_SECRETS: Final = {
    Purpose.DATA: "the Secret that data.current.files.secretName names",
    Purpose.LABELS: "the Secret that data.labels.files.secretName names",
    Purpose.MODEL: "the Secret that model.secretName names",
    Purpose.REPORTS: "the Secret that reports.secretName names",
}
# Labels usually lie in the lake where the rows are.
_ELSE: Final = {Purpose.LABELS: Purpose.DATA}


@dataclass(frozen=True, slots=True)
class S3Settings:
    """Where a store is and who asks. Its repr shows no secret."""

    endpoint: str | None
    """None is AWS itself."""
    region: str
    allow_http: bool
    key_id: str | None = field(default=None, repr=False)
    """None leaves it to what the platform gives the pod (a web identity, the node's role)."""
    source: str = "the environment"
    """Where a person finds them, for messages."""
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, purpose: Purpose, environ: Mapping[str, str]) -> Self:
        """The settings for a purpose: those with its prefix, for labels else those of the data, or the plain ones.

        One prefixed name means that this purpose has its own: the plain ones are then not mixed in, since the key id
        of one account with the secret of another is refused in a way that nobody understands.
        """
        prefix = f"MODELMONITOR_{purpose}_"
        if not any(environ.get(prefix + name) for name in _NAMES):
            if (other := _ELSE.get(purpose)) is not None:
                return cls.of(other, environ)
            prefix = ""
        key_id, secret, token, region, endpoint, allow_http = (environ.get(prefix + name) or None for name in _NAMES)
        return cls(
            endpoint=endpoint,
            region=region or "us-east-1",
            allow_http=(allow_http or "").lower() in {"1", "true", "yes"},
            key_id=key_id,
            secret=secret,
            token=token,
            source=_SECRETS[purpose] if prefix else "the environment",
        )

    def for_client(self) -> dict[str, Any]:
        """Arguments of obstore's S3Store.

        With keys every setting is given, for what is not given obstore takes from the process's own environment: the
        token of another account, or the endpoint of another store.
        """
        client = {"client_options": _TIMEOUTS | {"allow_http": self.allow_http}, "region": self.region}
        if self.key_id is None:
            return client if self.endpoint is None else client | {"endpoint": self.endpoint}
        credential = {
            "access_key_id": self.key_id,
            "secret_access_key": self.secret or "",
            "token": self.token,
            "expires_at": None,
        }
        endpoint = self.endpoint or f"https://s3.{self.region}.amazonaws.com"
        return client | {"endpoint": endpoint, "credential_provider": lambda: credential}
