"""The embedding model's class: WeSpeaker's ResNet as pyannote has it, with few channels and blocks.

The checkpoint names this module, so whoever loads it needs this repository's root on `sys.path`.
"""

from pyannote.audio.core.task import Task
from pyannote.audio.models.embedding.wespeaker import BaseWeSpeakerResNet
from pyannote.audio.models.embedding.wespeaker.resnet import BasicBlock, ResNet


class SmallWeSpeakerResNet(BaseWeSpeakerResNet):  # type: ignore[misc]
    """Filter banks, a small ResNet, pooled statistics, one linear layer: all that the large ones have."""

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        num_channels: int = 1,
        num_mel_bins: int = 80,
        first_layer_channels: int = 8,
        dimension: int = 64,
        task: Task | None = None,
    ) -> None:
        super().__init__(sample_rate=sample_rate, num_channels=num_channels, num_mel_bins=num_mel_bins, task=task)
        self.save_hyperparameters("first_layer_channels", "dimension")
        self.resnet = ResNet(
            BasicBlock,
            [1, 1, 1, 1],
            m_channels=first_layer_channels,
            feat_dim=num_mel_bins,
            embed_dim=dimension,
            pooling_func="TSTP",
            two_emb_layer=False,
        )
