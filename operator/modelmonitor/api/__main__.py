"""Write the CRDs where they are read from: `python -m modelmonitor.api [ROOT]`, ROOT being the repository."""

import sys
from pathlib import Path
from typing import Final

from modelmonitor.api.crdgen import crd, to_yaml
from modelmonitor.api.kinds import KINDS

# Helm installs only what lies in the chart's own crds/, so there are two copies of the same.
FOLDERS: Final = ("crds", "charts/modelmonitor/crds")


def files() -> dict[str, str]:
    """Every generated file: its path in the repository and its text."""
    texts = {f"{kind.plural}.yaml": to_yaml(crd(kind)) for kind in KINDS}
    return {f"{folder}/{name}": text for folder in FOLDERS for name, text in texts.items()}


def main(root: Path) -> None:
    """Write them below `root`."""
    for path, text in files().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
        print(f"{path}: {len(text.encode()):,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
