"""Trained weights to the folder that faster-whisper loads."""

import json
import shutil
import tempfile
from pathlib import Path

from ctranslate2.converters import TransformersConverter
from transformers import GenerationConfig, PreTrainedTokenizerFast

from scripts.fixture_models.whisper.network import Network
from scripts.fixture_models.whisper.vocabulary import Vocabulary

_FEATURES = {
    "chunk_length": 30,
    "feature_extractor_type": "WhisperFeatureExtractor",
    "feature_size": 80,
    "hop_length": 160,
    "n_fft": 400,
    "n_samples": 480000,
    "nb_max_frames": 3000,
    "sampling_rate": 16000,
}


def convert(network: Network, vocabulary: Vocabulary, folder: Path) -> None:
    """Write the model with 8-bit weights, replacing what is in the folder."""
    with tempfile.TemporaryDirectory() as scratch:
        _save(network, vocabulary, Path(scratch))
        converter = TransformersConverter(scratch, copy_files=["tokenizer.json", "preprocessor_config.json"])
        converted = Path(scratch) / "converted"
        converter.convert(str(converted), quantization="int8")
        folder.mkdir(parents=True, exist_ok=True)
        for file in converted.iterdir():
            shutil.copy(file, folder / file.name)


def _save(network: Network, vocabulary: Vocabulary, folder: Path) -> None:
    whisper = network.whisper
    config = whisper.config
    whisper.generation_config = GenerationConfig(
        pad_token_id=vocabulary.end,
        eos_token_id=vocabulary.end,
        suppress_tokens=[],
        begin_suppress_tokens=[vocabulary.space],
        alignment_heads=[[config.decoder_layers - 1, head] for head in range(config.decoder_attention_heads)],
    )
    whisper.save_pretrained(folder)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=vocabulary.tokenizer,
        unk_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
        additional_special_tokens=["<|en|>"],
    )
    tokenizer.save_pretrained(folder)
    vocabulary.tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps(_FEATURES, indent=2) + "\n", encoding="utf-8")
