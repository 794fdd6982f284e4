"""The few calls of the Kubernetes API that the stand-in makes, on plain JSON."""

import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Final

from kubernetes.aio.client import ApiClient
from kubernetes.aio.client.exceptions import ApiException

from .seldon import GROUP, PLURAL, VERSION
from .workload import Manifest

WATCH_SECONDS: Final = 240
COLLECTIONS: Final = {
    "SeldonDeployment": (f"apis/{GROUP}/{VERSION}", PLURAL),
    "Deployment": ("apis/apps/v1", "deployments"),
    "Service": ("api/v1", "services"),
}
OURS: Final = "app.kubernetes.io/managed-by=seldon-core"


class RefusedError(Exception):
    """The API server refused a request; the text is its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def passes(self) -> bool:
        """Whether a look at fresher objects helps: a conflict with another write, or trouble of the server."""
        return self.code in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT} or self.code >= HTTPStatus.INTERNAL_SERVER_ERROR


class Api:
    """Lists, watches and writes of the three kinds."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    async def every(self, kind: str) -> Manifest:
        """Every object of a kind in every namespace; of the owned kinds those that carry the stand-in's label."""
        return await self._json("GET", self._all(kind), query=_selector(kind))

    async def watch(self, kind: str, version: str) -> AsyncIterator[Manifest]:
        """Watch events (`type`, `object`) since a resource version, until the server ends the watch.

        Raises:
            RefusedError: the version is too old, for example.
        """
        query = [*_selector(kind), ("watch", "true"), ("resourceVersion", version)]
        query.append(("timeoutSeconds", str(WATCH_SECONDS)))
        response = await self._send("GET", self._all(kind), query=query, timeout=WATCH_SECONDS + 30)
        try:
            while line := await response.content.readline():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise RefusedError(event["object"]["code"], event["object"]["message"])
                yield event
        finally:
            response.close()

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object; the stored one is returned."""
        return await self._json("POST", self._one(manifest["kind"], manifest["metadata"]["namespace"]), manifest)

    async def replace(self, manifest: Manifest) -> Manifest:
        """Replace an object if it still has the manifest's resourceVersion; the stored one is returned."""
        metadata = manifest["metadata"]
        return await self._json("PUT", self._one(manifest["kind"], metadata["namespace"], metadata["name"]), manifest)

    async def replace_status(self, seldon: Manifest, status: Manifest) -> Manifest:
        """Replace the status if the object still has this resourceVersion; the stored object is returned."""
        path = self._one("SeldonDeployment", seldon["metadata"]["namespace"], seldon["metadata"]["name"])
        return await self._json("PUT", f"{path}/status", {**seldon, "status": status})

    async def delete(self, manifest: Manifest) -> None:
        """Delete an object once what it owns is gone."""
        metadata = manifest["metadata"]
        path = self._one(manifest["kind"], metadata["namespace"], metadata["name"])
        await self._json("DELETE", path, {"propagationPolicy": "Foreground"})

    @staticmethod
    def _all(kind: str) -> str:
        return "/" + "/".join(COLLECTIONS[kind])

    @staticmethod
    def _one(kind: str, namespace: str, name: str = "") -> str:
        root, plural = COLLECTIONS[kind]
        return f"/{root}/namespaces/{namespace}/{plural}/{name}".removesuffix("/")

    async def _json(
        self, method: str, path: str, body: Manifest | None = None, query: list[tuple[str, str]] | None = None
    ) -> Manifest:
        response = await self._send(method, path, body, query)
        try:
            answer: Manifest = await response.json()
        finally:
            response.close()
        return answer

    async def _send(
        self,
        method: str,
        path: str,
        body: Manifest | None = None,
        query: list[tuple[str, str]] | None = None,
        timeout: float = 30,  # noqa: ASYNC109 - aiohttp counts it
    ) -> Any:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        request = await self._client.param_serialize(
            method, path, query_params=query or [], header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        try:
            answer = await self._client.call_api(*request, _request_timeout=timeout)
        except ApiException as error:
            raise RefusedError(error.status, _message(error.body)) from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise RefusedError(answer.status, _message(await answer.read()))
        return answer.response


def _selector(kind: str) -> list[tuple[str, str]]:
    return [] if kind == "SeldonDeployment" else [("labelSelector", OURS)]


def _message(body: str | bytes | None) -> str:
    try:
        return str(json.loads(body or "{}").get("message", body))
    except ValueError:
        return str(body)
