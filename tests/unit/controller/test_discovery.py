"""Which kinds of things that serve a cluster has, by what discovery lists."""

import pytest

from modelmonitor.controller.discovery import Get, serving_kinds
from modelmonitor.kube.api import Document
from modelmonitor.kube.errors import NotFoundError, TransientError

SELDON_1 = {"/apis/machinelearning.seldon.io/v1": ["seldondeployments", "seldondeployments/status"]}
SELDON_2 = {"/apis/mlops.seldon.io/v1alpha1": ["models", "models/status", "experiments"]}
EXPERIMENTS = {"/apis/mlops.seldon.io/v1alpha1": ["experiments", "models/status"]}
ALL = ("seldonDeployment", "seldonModel", "batch")
CORE = {"/api/v1": ["pods", "configmaps"]}


def discovery(listed: dict[str, list[str]]) -> Get:
    """What the API server answers."""

    async def get(path: str) -> Document:
        if path not in listed:
            raise NotFoundError(path)
        return {"resources": [{"name": name} for name in listed[path]]}

    return get


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        pytest.param(CORE, ["ConfigMap"], id="no Seldon"),
        pytest.param(CORE | SELDON_1, ["SeldonDeployment", "ConfigMap"], id="Seldon Core 1"),
        pytest.param(CORE | SELDON_2, ["Model", "ConfigMap"], id="Seldon Core 2"),
        pytest.param(CORE | EXPERIMENTS, ["ConfigMap"], id="its group without its kind"),
        pytest.param(CORE | SELDON_1 | SELDON_2, ["SeldonDeployment", "Model", "ConfigMap"], id="both"),
    ],
)
async def test_only_kinds_that_discovery_lists_are_watched(listed: dict[str, list[str]], found: list[str]) -> None:
    kinds = await serving_kinds(discovery(listed), ALL)
    assert [kind.holder.resource.kind for kind in kinds] == found


async def test_what_the_chart_leaves_out_is_not_watched() -> None:
    kinds = await serving_kinds(discovery(CORE | SELDON_1 | SELDON_2), ("seldonModel",))
    assert [kind.name for kind in kinds] == ["seldonModel"]


async def test_that_discovery_does_not_answer_is_not_that_a_kind_is_gone() -> None:
    """The process would end and start again, and watch nothing of Seldon's until the next change."""

    async def get(path: str) -> Document:
        raise TransientError(f"503 at {path}")

    with pytest.raises(TransientError):
        await serving_kinds(get, ALL)
