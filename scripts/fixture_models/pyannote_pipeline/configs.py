"""The pipeline's configuration files, in the shape of the published ones."""

from pathlib import Path

import yaml

_MODELS = {
    "segmentation": "$model/segmentation",
    "segmentation_batch_size": 32,
    "embedding": "$model/embedding",
    "embedding_batch_size": 32,
    "embedding_exclude_overlap": True,
    "plda": "$model/plda",
}
_CLUSTERINGS = {
    "config.yaml": (
        "AgglomerativeClustering",
        {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7045654963945799},
    ),
    "config-vbx.yaml": ("VBxClustering", {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8}),
}
"""As in speaker-diarization-3.1 and in speaker-diarization-community-1."""


def write_configs(folder: Path) -> None:
    """Write `config.yaml`, which `Pipeline.from_pretrained(folder)` reads, and its variant with VBx."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (clustering, parameters) in _CLUSTERINGS.items():
        config = {
            "dependencies": {"pyannote.audio": "4.0.0"},
            "pipeline": {
                "name": "pyannote.audio.pipelines.SpeakerDiarization",
                "params": {"clustering": clustering, **_MODELS},
            },
            "params": {"clustering": parameters, "segmentation": {"min_duration_off": 0.0}},
        }
        (folder / name).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
