"""`model.skops`: a scikit-learn estimator without arbitrary code.

A skops file names the types that it is made of, and only those are built that are trusted. Trusted are skops' own
list, which is scikit-learn and numpy without what can run code, and `TRUSTED`.
"""

import io
import zipfile
from typing import Final

from modelmonitor.evaluation.errors import ModelError, one_line
from modelmonitor.evaluation.models.files import LARGEST, ModelFiles
from modelmonitor.evaluation.models.libraries import library
from modelmonitor.evaluation.models.loaded import foreign_code
from modelmonitor.evaluation.models.scikit_learn import ScikitLearnModel, estimator_from
from modelmonitor.evaluation.models.signature import Signature

TRUSTED: Final = (
    # The type of an array, which an imputer keeps; skops reads it off an empty array, itself looked at.
    "numpy.dtype",
    # Arrays of nodes. skops leaves them out, since a forged one may end the process; that is an Error here.
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    # Gradient boosting by scikit-learn's interface: a text or bytes that their own library parses.
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)
_ADVICE: Final = "was it written whole, with skops.io.dump?"


def read(files: ModelFiles, path: str, signature: Signature) -> ScikitLearnModel:
    """Load a skops file; ModelError when it does not load, or holds a type that is not trusted."""
    content = files.read(path)
    io_module = library("skops.io", files.place + path)
    with foreign_code(lambda error: files.unloadable(path, one_line(error), _ADVICE)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > LARGEST:
            raise ModelError(
                "ModelTooLarge", f"{files.place}{path} unpacks to {unpacked:,} bytes, more than {LARGEST:,}"
            )
        asked = io_module.get_untrusted_types(data=content)
    refused = sorted(set(asked) - set(TRUSTED))
    if refused:
        raise ModelError(
            "ModelUntrusted",
            f"{files.place}{path} holds types that are not trusted: {', '.join(refused[:6])}"
            f"{', …' if len(refused) > 6 else ''}; build the pipeline of scikit-learn's own parts, or write it as"
            " model.joblib if whoever writes to that folder may run code here",
        )
    return estimator_from(files, path, signature, lambda: io_module.loads(content, trusted=list(TRUSTED)))
