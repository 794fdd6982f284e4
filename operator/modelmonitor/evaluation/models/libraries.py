"""The library that a format needs."""

import importlib
from typing import Any

from modelmonitor.evaluation.errors import ModelError, one_line


def library(name: str, where: str, extra: str = "models") -> Any:
    """Import a library; it takes up to a second, so only when a model needs it.

    Args:
        name: the module.
        where: the file that needs it, for messages.
        extra: the extra of our package that brings it.

    Raises:
        ModelError: when it is not here.
    """
    try:
        return importlib.import_module(name)
    # LightGBM asks the loader for a library of the system, and says OSError when it is not there.
    except (ImportError, OSError) as error:
        package = name.partition(".")[0]
        raise ModelError(
            "ModelLibraryMissing",
            f"{where} needs {package}, which cannot be imported here ({one_line(error)}); use the evaluator's image, or"
            f" install modelmonitor[{extra}]",
        ) from error
