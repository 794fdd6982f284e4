"""A monitor's spec as a person writes it."""

from typing import Any


def manifest() -> dict[str, Any]:
    """A spec as a person writes it."""
    return {
        "model": {
            "serving": {"seldonDeployment": {"name": "flights", "predictor": "default", "node": "classifier"}},
        },
        "data": {
            "current": {"files": {"uri": "s3://lake/flights/"}},
            "columns": {"timestamp": "time_hour", "label": "late"},
            "predictions": {"model": {}},
        },
        "windows": {"length": "7d", "every": "7d"},
        "schedule": {"interval": "1h", "catchUp": 4},
        "metrics": [{"name": "f1", "min": 0.2}],
        "verdict": {"failuresToTrip": 2},
        "retrain": {
            "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "trainer", "image": "train"}]}}}},
            "trainingWindow": "60d",
            "outputUri": "s3://models/flights/",
            "cooldown": "24h",
            "maxAttempts": 3,
        },
    }
