"""`modelmonitor train`: the shipped trainer, with a manifest where a Job has its environment."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modelmonitor.cli.manifest import ManifestError, read_manifest
from modelmonitor.evaluation.errors import InputError
from modelmonitor.training.__main__ import main

if TYPE_CHECKING:
    from modelmonitor.evaluation.local import Manifest


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Train, and return the exit code."""
    return main(arguments, environ, _manifest)


def _manifest(path: Path) -> "Manifest":
    try:
        return read_manifest(path)
    except ManifestError as error:
        raise InputError("ManifestInvalid", str(error)) from error
