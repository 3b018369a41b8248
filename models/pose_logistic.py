"""Logistic regression on numbers that describe a clip: a normalisation and one dense layer."""

import keras
import numpy as np
from keras import layers

EPSILON = 1e-8
STRENGTHS = np.logspace(-2, 1, 7)  # C: the inverse weight of the penalty


def pose_logistic(num_class, stream="features", frames=1, size=512):
    """Multinomial logistic regression: the last stage of the published pose system (yuhaozhang94/humanpose-rnn-action-recognition).

    It is fitted by scikit-learn (see `fit`), not by Keras.

    Args:
        num_class: number of classes.
        stream: "features"; there is no other.
        frames: not used: the features are those of a whole clip. Every builder takes it.
        size: how many features there are.

    Returns:
        an uncompiled `keras.Model`: {"features": float32 (B, size)} -> probabilities (B, num_class) float32. Layer "scale" subtracts
        the training rows' mean and divides by their deviation, "logits" holds the scores before softmax. 2,563 weights for three classes.
    """
    rows = keras.Input((size,), dtype="float32", name=stream)
    x = layers.BatchNormalization(center=False, scale=False, epsilon=EPSILON, dtype="float32", name="scale")(rows)
    x = layers.Dense(num_class, dtype="float32", name="logits")(x)
    return keras.Model({stream: rows}, layers.Softmax(name="probabilities", dtype="float32")(x), name="pose_logistic")


def fit(features, labels, num_class, seed=0, folds=5):
    """A `pose_logistic` for rows of features (N, D) of classes (N,) int, all of 0 … num_class - 1 present, at least `folds` times each.

    The strength of the (squared) penalty on the weights is the one of `STRENGTHS` with the lowest log loss in stratified
    cross-validation over these rows; the normalisation is that of each fold's own training rows there.

    Returns (model, {"C": inverse strength, "cv_log_loss", "cv_accuracy": of the chosen one}).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    scoring = {"cv_log_loss": "neg_log_loss", "cv_accuracy": "accuracy"}
    search = GridSearchCV(pipeline, {"logisticregression__C": STRENGTHS}, cv=split, scoring=scoring, refit="cv_log_loss")
    with threadpool_limits(1):  # such small matrices are no faster with more, and far slower on a busy machine
        search.fit(features, labels)
    model = pose_logistic(num_class, size=features.shape[1])
    _take_over(model, *(step for _, step in search.best_estimator_.steps))
    found = {name: float(search.cv_results_[f"mean_test_{name}"][search.best_index_]) for name in scoring}
    return model, {"C": float(STRENGTHS[search.best_index_]), "cv_log_loss": -found["cv_log_loss"], "cv_accuracy": found["cv_accuracy"]}


def _take_over(model, scaler, regression):
    """Give `model` what scikit-learn fitted; of two classes it has one set of weights, which tells the second from the first."""
    weights, bias = regression.coef_.T, regression.intercept_  # (D, C), (C,)
    if weights.shape[1] == 1:
        weights, bias = (np.concatenate([0 * part, part], axis=-1) for part in (weights, bias))
    model.get_layer("scale").set_weights([scaler.mean_, scaler.scale_**2])
    model.get_layer("logits").set_weights([weights, bias])
