from tests.unit.evaluation.conftest import store

__all__ = ["store"]
