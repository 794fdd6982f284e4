"""What the documentation points to is there."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[3]
PACKAGE: Final = ROOT / "operator" / "modelmonitor"
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_every_module_and_folder_that_the_architecture_names_is_there() -> None:
    named = set(re.findall(r"[\w/]+(?:\.py|/)(?![\w/])", (ROOT / "docs" / "architecture.md").read_text()))
    folders = (PACKAGE, ROOT)
    assert len(named) > 40
    assert [name for name in sorted(named) if not any(any(one.glob(f"**/{name}")) for one in folders)] == []
