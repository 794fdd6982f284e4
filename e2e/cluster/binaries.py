"""Kubernetes, CoreDNS and Helm, built from Go modules that go.sum verifies; kept by the hash of what they are made of.

Each folder of tools/ holds a go.mod with `tool` lines and nothing else: there is no Go code of our own. To move to a
newer version change go.mod, `go mod tidy`, commit both files.
"""

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from e2e.cluster import cache
from e2e.cluster.errors import ClusterError
from e2e.cluster.progress import Progress

TOOLS: Final = Path(__file__).parent / "tools"


class Tool(StrEnum):
    """What can be built; the value is the folder in tools/."""

    KUBERNETES = "kubernetes"
    COREDNS = "coredns"
    HELM = "helm"


@dataclass(frozen=True)
class Recipe:
    """How one tool is built."""

    tool: Tool
    module: str  # the required module whose version is the tool's version
    version_flags: str = ""  # linker flags; {version}, {major} and {minor} are filled in

    @property
    def folder(self) -> Path:
        """Where its go.mod is."""
        return TOOLS / self.tool

    @property
    def version(self) -> str:
        """The version in go.mod, for example v1.37.2."""
        found = re.search(rf"{re.escape(self.module)} (v\S+)", (self.folder / "go.mod").read_text())
        if not found:
            raise ClusterError(f"{self.folder / 'go.mod'} requires no version of {self.module}: add it.")
        return found[1]

    @property
    def linker_flags(self) -> str:
        """Stripped, and with the version that upstream's own build script would set."""
        major, minor, _ = self.version.lstrip("v").split(".", 2)
        return f"-s -w {self.version_flags.format(version=self.version, major=major, minor=minor)}".strip()

    @property
    def key(self) -> str:
        """Changes with go.mod, go.sum, the flags and the machine's architecture."""
        sources = [(self.folder / name).read_bytes() for name in ("go.mod", "go.sum")]
        return cache.key_of(*sources, self.linker_flags, platform.machine())


_VERSION = "k8s.io/component-base/version"
RECIPES: Final = {
    # Without these the API server calls itself v0.0.0-master and clients that look at versions misbehave.
    Tool.KUBERNETES: Recipe(
        Tool.KUBERNETES,
        "k8s.io/kubernetes",
        f"-X {_VERSION}.gitVersion={{version}} -X {_VERSION}.gitMajor={{major}} -X {_VERSION}.gitMinor={{minor}}",
    ),
    Tool.COREDNS: Recipe(Tool.COREDNS, "github.com/coredns/coredns"),
    Tool.HELM: Recipe(Tool.HELM, "helm.sh/helm/v4"),
}


def build(tool: Tool, progress: Progress) -> Path:
    """The folder with the tool's static binaries (`kube-apiserver`, `etcd`, `kubectl` …), built at the first call.

    Raises:
        ClusterError: Go is missing or too old, or the build failed.
    """
    target = folder(tool)
    if target.exists():
        return target
    with cache.locked(f"building {tool}", progress):
        if not target.exists():
            with cache.new_folder(target) as scratch:
                _compile(RECIPES[tool], scratch, progress)
            cache.keep_newest(target.parent, f"{tool}-*", 3)
    return target


def missing() -> list[Tool]:
    """What is still to be built."""
    return [tool for tool in Tool if not folder(tool).exists()]


def folder(tool: Tool) -> Path:
    """Where a tool's binaries are, or will be once they are built."""
    return cache.root() / "bin" / f"{tool}-{RECIPES[tool].key}"


def _compile(recipe: Recipe, target: Path, progress: Progress) -> None:
    go = usable_go(recipe)
    env = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOBIN": str(target),
        "GOTOOLCHAIN": "local",
        "GOPROXY": _without_direct(_go_env(go, "GOPROXY")),
    }
    command = [go, "install", "-v", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags", recipe.linker_flags]
    with progress.step(f"building {recipe.tool} {recipe.version} from Go modules (minutes, once)") as step:
        step.run([*command, "tool"], env=env, cwd=recipe.folder, describe=_Counter().describe)
    if recipe.tool is Tool.KUBERNETES:
        (target / "server").rename(target / "etcd")  # go install names a command by its last path element


class _Counter:
    """Turns `go install -v` into "812 packages compiled, now k8s.io/…"."""

    def __init__(self) -> None:
        self.compiled = 0

    def describe(self, line: str) -> str:
        if line.startswith("go: "):
            return line.removeprefix("go: ").strip()
        self.compiled += 1
        return f"{self.compiled} packages compiled, now {line.strip()}"


def usable_go(recipe: Recipe) -> str:
    """The path of a Go that can build this. Raises ClusterError when there is none."""
    asked = re.search(r"^go (\d+)\.(\d+)", (recipe.folder / "go.mod").read_text(), re.MULTILINE)
    needed = (int(asked[1]), int(asked[2])) if asked else (1, 26)
    words = f"Go {needed[0]}.{needed[1]} or newer is needed to build {recipe.tool}"
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if not go:
        raise ClusterError(f"{words}, and there is no `go` on PATH: install it and put it on PATH.")
    found = re.match(r"go(\d+)\.(\d+)", _go_env(go, "GOVERSION"))
    if found and (int(found[1]), int(found[2])) < needed:
        raise ClusterError(f"{words}, and {go} is {found[0]}: install a newer one and put it first on PATH.")
    return go


def _go_env(go: str, name: str) -> str:
    done = subprocess.run([go, "env", name], capture_output=True, text=True, check=True, env=_local_toolchain())
    return done.stdout.strip()


def _local_toolchain() -> dict[str, str]:
    return {**os.environ, "GOTOOLCHAIN": "local"}


def _without_direct(proxies: str) -> str:
    # With `direct` at the end of the list a module that the proxy does not have is looked for at its own source host;
    # where that host cannot be reached the build hangs for minutes instead of saying which module is missing.
    kept = [proxy for proxy in re.split(r"[,|]", proxies) if proxy not in ("", "direct")]
    return ",".join(kept) or proxies
