"""The one way to the API server. What is above sees the protocol `Api`; tests pass one that counts or fails calls."""

import json
import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol, Self

import aiohttp
from kubernetes.aio import client, config

from modelmonitor.kube.errors import TransientError, error_of

Document = dict[str, Any]


class Patch(StrEnum):
    """The patch formats that we use."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"


class Api(Protocol):
    """Requests to the API server. Every method raises `kube.errors.ApiError` for an answer that is not a success."""

    async def get(self, path: str, *, query: Mapping[str, str] | None = None) -> Document:
        """Read an object or a list."""
        ...

    async def create(self, path: str, body: Document, *, as_user: str | None = None, dry_run: bool = False) -> Document:
        """Create an object in a collection."""
        ...

    async def patch(
        self, path: str, body: object, kind: Patch, *, as_user: str | None = None, manager: str | None = None
    ) -> Document:
        """Patch an object or a subresource."""
        ...

    async def delete(self, path: str, *, uid: str | None = None, as_user: str | None = None) -> None:
        """Delete an object, in the background, if it still has this uid."""
        ...


class HttpApi:
    """`Api` over the asyncio client of the `kubernetes` package."""

    def __init__(self, configuration: client.Configuration, *, timeout: float = 30) -> None:
        self.client = client.ApiClient(configuration)
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=10)

    @classmethod
    async def from_environment(cls, kubeconfig: str | None = None) -> Self:
        """Inside a pod the ServiceAccount's token, else a kubeconfig."""
        configuration = client.Configuration()
        if kubeconfig is None and "KUBERNETES_SERVICE_HOST" in os.environ:
            config.load_incluster_config(configuration)
        else:
            await config.load_kube_config(config_file=kubeconfig, client_configuration=configuration)
        return cls(configuration)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    async def get(self, path: str, *, query: Mapping[str, str] | None = None) -> Document:
        """Read an object or a list."""
        return await self._request("GET", path, query=query)

    async def create(self, path: str, body: Document, *, as_user: str | None = None, dry_run: bool = False) -> Document:
        """Create an object in a collection."""
        # Strict: a field that the server does not know is a typo in somebody's template, and would be dropped silently.
        query = {"fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})
        return await self._request("POST", path, body=body, as_user=as_user, query=query)

    async def patch(
        self, path: str, body: object, kind: Patch, *, as_user: str | None = None, manager: str | None = None
    ) -> Document:
        """Patch an object or a subresource."""
        query = {"fieldManager": manager} if manager else None
        return await self._request("PATCH", path, body=body, as_user=as_user, query=query, content_type=kind)

    async def delete(self, path: str, *, uid: str | None = None, as_user: str | None = None) -> None:
        """Delete an object, in the background, if it still has this uid."""
        body: Document = {"propagationPolicy": "Background"}
        if uid is not None:
            body["preconditions"] = {"uid": uid}
        await self._request("DELETE", path, body=body, as_user=as_user)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        as_user: str | None = None,
        content_type: str = "application/json",
    ) -> Document:
        headers = {"Accept": "application/json", "Content-Type": content_type}
        if as_user is not None:
            headers["Impersonate-User"] = as_user
        try:
            method, url, headers, sent, _ = await self.client.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
            )
            answer = await self.client.call_api(method, url, headers, sent, _request_timeout=self._timeout)
            raw = await answer.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TransientError(f"the API server did not answer: {str(error) or type(error).__name__}") from error
        document = _parsed(raw)
        if answer.status >= 400:
            raise error_of(answer.status, document or {"message": _text(raw)})
        if document is None:
            raise TransientError(f"the API server did not answer, something else did: {_text(raw)}")
        return document


def _parsed(raw: bytes) -> Document | None:
    try:
        document = json.loads(raw)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _text(raw: bytes) -> str:
    return raw[:500].decode("utf-8", "replace")
