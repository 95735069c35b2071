"""The study's models of a flattened chromagram or spectrogram: PCA, then a forest."""

from __future__ import annotations

from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from classify.models.base import Recipe, Setting


def _pca_forest(setting: Setting, seed: int) -> Pipeline:
    components = PCA(
        n_components=setting["n_components"],
        svd_solver="randomized",
        random_state=seed,
    )
    forest = RandomForestClassifier(
        n_estimators=100, min_samples_leaf=4, random_state=seed
    )
    return Pipeline([("reduce", components), ("model", forest)])


_SPACE = tuple({"n_components": n} for n in (10, 30))

CHROMA_PCA_RF = Recipe("chroma-pca-rf", _pca_forest, _SPACE, reads="chroma")
MEL_PCA_RF = Recipe("mel-pca-rf", _pca_forest, _SPACE, reads="logmel")
