"""Names and labels of what belongs to a SeldonDeployment; nobody should build or parse them outside of here."""

import hashlib
from typing import Final

LONGEST: Final = 63


def bounded(name: str) -> str:
    """The name itself, or `seldon-<md5>` when it is too long for a label."""
    if len(name) <= LONGEST:
        return name
    return f"seldon-{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()}"


def deployment_name(seldon: str, predictor: str, node: str) -> str:
    """The Deployment of a predictor that has one node; 0 is the number of its component."""
    return bounded(f"{seldon}-{predictor}-0-{node}")


def predictor_service(seldon: str, predictor: str) -> str:
    """The Service that callers use: the engine, port 8000."""
    return bounded(f"{seldon}-{predictor}")


def node_service(seldon: str, predictor: str, node: str) -> str:
    """The Service of the model server itself, port 9000."""
    return bounded(f"{seldon}-{predictor}-{node}")
