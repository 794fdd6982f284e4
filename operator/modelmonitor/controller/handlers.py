"""What kopf is told to watch. A handler says only that something about a key changed."""

from collections.abc import Iterable, Mapping
from typing import Any

import kopf

from modelmonitor.controller.listing import Source, heard
from modelmonitor.controller.queue import Queue


def register(registry: kopf.OperatorRegistry, watched: Iterable[Source], queue: Queue) -> None:
    """Watch monitors and everything around them."""
    for source in watched:
        _watch(registry, source, queue)


def _watch(registry: kopf.OperatorRegistry, source: Source, queue: Queue) -> None:
    resource = source.resource

    # kopf logs and drops what a handler raises, so nothing here can fail but a bug: all work is in the queue.
    @kopf.on.event(resource.group, resource.version, resource.plural, registry=registry, id=resource.plural)
    async def changed(event: Mapping[str, Any], **_: object) -> None:
        for key in heard(source, event):
            await queue.add(key)


def configure(settings: kopf.OperatorSettings, watched: Iterable[Source], workers: int) -> None:
    """Kopf as informer and lifecycle host: nothing of its own is written into anybody's object."""
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.watching.server_timeout = 300
    settings.execution.max_workers = workers
    for source in watched:
        if source.selector:
            kind = source.resource.api_version, source.resource.plural
            settings.watching.label_selectors[kind] = source.selector
