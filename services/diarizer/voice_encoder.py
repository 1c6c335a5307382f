"""The Resemblyzer voice encoder (d-vectors, Wan et al. 2018) on onnxruntime: its weights from its wheel, no torch."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from libs.common.errors import InvalidSettings
from libs.common.speech import EmbeddingModel
from services.diarizer.mel import NUM_BANDS
from services.diarizer.torch_checkpoint import read_tensors

DIMENSION = 256
WINDOW_FRAMES = 160
"""The encoder was trained on stretches of 1.6 s."""

_NUM_LAYERS = 3
_OPSET = 17
_IR_VERSION = 9

Array = NDArray[np.float32]


class VoiceEncoder:
    """Turns stretches of mel spectrogram into speaker embeddings."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        graph = _build_graph(read_tensors(weights_path(), "model_state"))
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.model = EmbeddingModel(name="resemblyzer", revision=version("resemblyzer"), dimension=DIMENSION)

    def embed(self, spectrograms: Array) -> Array:
        """L2-normalized embeddings, shape (num_windows, DIMENSION).

        Args:
            spectrograms: Shape (num_windows, num_frames, NUM_BANDS).
        """
        frames_first = np.ascontiguousarray(spectrograms.transpose(1, 0, 2))
        (vectors,) = self._session.run(None, {"frames": frames_first})
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def weights_path() -> Path:
    """In the Resemblyzer wheel, which is not imported: its own dependencies are not installed."""
    package = find_spec("resemblyzer")
    if package is None or package.origin is None:
        raise InvalidSettings("The voice encoder is missing: pip install --no-deps resemblyzer==0.1.4")
    return Path(package.origin).with_name("pretrained.pt")


def _build_graph(weights: dict[str, Array]) -> bytes:
    constants = {"first_axis": np.array([0]), "second_axis": np.array([1])}
    nodes, source = [], "frames"
    for layer in range(_NUM_LAYERS):
        constants |= _layer_weights(weights, layer)
        inputs = [source, *(f"{name}{layer}" for name in ("W", "R", "B"))]
        nodes.append(helper.make_node("LSTM", inputs, [f"all{layer}", f"last{layer}"], hidden_size=DIMENSION))
        source = f"frames{layer}"
        nodes.append(helper.make_node("Squeeze", [f"all{layer}", "second_axis"], [source]))
    constants |= {"weight": weights["linear.weight"].T, "bias": weights["linear.bias"]}
    nodes[-1:] = [
        helper.make_node("Squeeze", [f"last{_NUM_LAYERS - 1}", "first_axis"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "weight", "bias"], ["projected"]),
        helper.make_node("Relu", ["projected"], ["vectors"]),
    ]
    graph = helper.make_graph(
        nodes,
        "voice_encoder",
        [helper.make_tensor_value_info("frames", TensorProto.FLOAT, ["num_frames", "num_windows", NUM_BANDS])],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["num_windows", DIMENSION])],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
    )
    model: onnx.ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
    )
    return bytes(model.SerializeToString())


def _layer_weights(weights: dict[str, Array], layer: int) -> dict[str, Array]:
    def gates(kind: str) -> Array:
        # torch orders the gates input, forget, cell, output; ONNX input, output, forget, cell.
        entry, forget, cell, output = np.split(weights[f"lstm.{kind}_l{layer}"], 4)
        return np.concatenate([entry, output, forget, cell])

    return {
        f"W{layer}": gates("weight_ih")[None],
        f"R{layer}": gates("weight_hh")[None],
        f"B{layer}": np.concatenate([gates("bias_ih"), gates("bias_hh")])[None],
    }
