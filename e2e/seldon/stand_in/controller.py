"""Watch, look, write: what keeps the cluster as `reconcile` wants it."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import aiohttp

from .api import Api, RefusedError
from .reconcile import Owned, differs, reconcile, refused
from .seldon import KIND, SeldonDeployment, UnsupportedError
from .settings import Settings
from .workload import Manifest

Key = tuple[str, str]

KINDS: Final = (KIND, "Deployment", "Service")
RELIST_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.1

log = logging.getLogger("seldon-stand-in")


class Controller:
    """One task a kind that watches, one task a SeldonDeployment that looks."""

    def __init__(self, api: Api, settings: Settings) -> None:
        self._api = api
        self._settings = settings
        self._seen: dict[str, dict[Key, Manifest]] = {kind: {} for kind in KINDS}
        self._woken: dict[Key, asyncio.Event] = {}

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for kind in KINDS:
                tasks.create_task(self._follow(kind, tasks))

    async def _follow(self, kind: str, tasks: asyncio.TaskGroup) -> None:
        while True:
            try:
                listed = await self._api.every(kind)
                # A listed item does not say its kind, a watched one does.
                now = {_key(item): {**item, "kind": kind} for item in listed["items"]}
                before, self._seen[kind] = self._seen[kind], now
                for item in [*before.values(), *self._seen[kind].values()]:
                    self._wake(kind, item, tasks)
                log.info("watching %d objects of kind %s", len(self._seen[kind]), kind)
                async for event in self._api.watch(kind, listed["metadata"]["resourceVersion"]):
                    if event["type"] == "DELETED":
                        self._seen[kind].pop(_key(event["object"]), None)
                    else:
                        self._seen[kind][_key(event["object"])] = event["object"]
                    self._wake(kind, event["object"], tasks)
            except (RefusedError, aiohttp.ClientError, TimeoutError) as error:
                log.warning("watch of %s ended: %s; listing again", kind, error or type(error).__name__)
                await asyncio.sleep(RELIST_SECONDS)

    def _wake(self, kind: str, item: Manifest, tasks: asyncio.TaskGroup) -> None:
        key = _key(item) if kind == KIND else _owner(item)
        if key is None:
            return
        if key not in self._woken:
            self._woken[key] = asyncio.Event()
            tasks.create_task(self._tend(key))
        self._woken[key].set()

    async def _tend(self, key: Key) -> None:
        woken = self._woken[key]
        while True:
            await woken.wait()
            woken.clear()
            await asyncio.sleep(self._settings.reaction)
            try:
                await self._look(key)
            except RefusedError as error:
                log.info("%s/%s: %s; looking again", *key, error)
                await asyncio.sleep(RETRY_SECONDS)
                woken.set()
            except (aiohttp.ClientError, TimeoutError) as error:
                log.warning("%s/%s: %s; looking again", *key, error or type(error).__name__)
                await asyncio.sleep(RELIST_SECONDS)
                woken.set()

    async def _look(self, key: Key, lagging: Mapping[str, Manifest] | None = None) -> None:
        stored = self._seen[KIND].get(key)
        if stored is None or "deletionTimestamp" in stored["metadata"]:
            return
        updated: dict[str, Manifest] = {}
        try:
            owned = self._owned(stored, lagging or {})
            look = reconcile(SeldonDeployment.read(stored), owned, datetime.now(UTC), self._settings)
            updated = await self._write(look.write, owned)
            for manifest in look.delete:
                await self._delete(manifest)
            status = look.status
        except UnsupportedError as error:
            status = refused(stored.get("status", {}), str(error))
        except RefusedError as error:
            if error.passes:
                raise
            status = refused(stored.get("status", {}), str(error))
        if differs(status, stored.get("status", {})):
            log.info("%s/%s: %s %s", *key, status["state"], status.get("description", ""))
            self._seen[KIND][key] = await self._api.replace_status(stored, status)
        if updated and self._settings.stale_look:
            await self._look(key, lagging=updated)

    async def _write(self, manifests: tuple[Manifest, ...], owned: Owned) -> dict[str, Manifest]:
        """Create or update; the Deployments that were there before are returned as they are right after."""
        updated = {}
        for manifest in manifests:
            name = manifest["metadata"]["name"]
            of_kind = owned.deployments if manifest["kind"] == "Deployment" else owned.services
            if name not in of_kind:
                log.info("creating %s %s", manifest["kind"], name)
                await self._api.create(manifest)
                continue
            log.info("updating %s %s", manifest["kind"], name)
            answer = await self._api.replace(_over(of_kind[name], manifest))
            if manifest["kind"] == "Deployment":
                updated[name] = answer
        return updated

    async def _delete(self, manifest: Manifest) -> None:
        if "deletionTimestamp" in manifest["metadata"]:
            return
        log.info("deleting %s %s", manifest["kind"], manifest["metadata"]["name"])
        await self._api.delete(manifest)

    def _owned(self, seldon: Manifest, lagging: Mapping[str, Manifest]) -> Owned:
        uid = seldon["metadata"]["uid"]
        deployments, services = (
            {name: item for (_, name), item in self._seen[kind].items() if _owner_uid(item) == uid}
            for kind in ("Deployment", "Service")
        )
        return Owned(deployments={**deployments, **lagging}, services=services)


def _over(stored: Manifest, wanted: Manifest) -> Manifest:
    """The stored object with everything that we set; what others set beside it stays."""
    metadata = {
        **stored["metadata"],
        "labels": {**stored["metadata"].get("labels", {}), **wanted["metadata"]["labels"]},
        "annotations": {**stored["metadata"].get("annotations", {}), **wanted["metadata"]["annotations"]},
    }
    return {**wanted, "metadata": metadata, "spec": {**stored["spec"], **wanted["spec"]}}


def _key(item: Manifest) -> Key:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def _controller(item: Manifest) -> Manifest:
    owners = item["metadata"].get("ownerReferences", [])
    return next((owner for owner in owners if owner.get("controller") and owner["kind"] == KIND), {})


def _owner(item: Manifest) -> Key | None:
    owner = _controller(item)
    return (item["metadata"]["namespace"], owner["name"]) if owner else None


def _owner_uid(item: Manifest) -> str | None:
    return _controller(item).get("uid")
