"""Models from their folders, whatever wrote them: one protocol, one module per format.

A model's URI is a folder. What is in it says how it is read:

| file                       | written by                       | read with             |
| -------------------------- | -------------------------------- | --------------------- |
| `MLmodel`                  | MLflow; it names the other file  | `mlflow.py`, which hands on to the others |
| `model.joblib`             | joblib.dump of a scikit-learn estimator | `scikit_learn.py` |
| `model.skops`              | skops.io.dump of one             | `skops.py`            |
| `model.onnx`               | anything that writes ONNX        | `onnx.py`             |
| `model.json`, `model.ubj`  | XGBoost's Booster.save_model     | `xgboost.py`          |
| `model.txt`                | LightGBM's Booster.save_model    | `lightgbm.py`         |

`signature.json` beside it says what such a file may not know: the columns' names and the classes (`signature.py`).

Libraries are imported when a model needs them and not before: scikit-learn and pandas take longer than a whole
evaluation of logged predictions.
"""

from modelmonitor.evaluation.models.files import ATTEMPT_FILE, CARD_FILE, RESULT_FILE, TRAINING_FILE
from modelmonitor.evaluation.models.loading import load_model
from modelmonitor.evaluation.models.protocol import Model
from modelmonitor.evaluation.models.scikit_learn import MODEL_FILE, ScikitLearnModel
from modelmonitor.evaluation.models.scorer import ModelScorer

__all__ = [
    "ATTEMPT_FILE",
    "CARD_FILE",
    "MODEL_FILE",
    "RESULT_FILE",
    "TRAINING_FILE",
    "Model",
    "ModelScorer",
    "ScikitLearnModel",
    "load_model",
]
