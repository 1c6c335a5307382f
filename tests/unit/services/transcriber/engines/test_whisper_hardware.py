import ctranslate2
import pytest

from libs.common.errors import InvalidSettings
from services.transcriber.engines.whisper_hardware import choose_hardware

HAS_GPU = ctranslate2.get_cuda_device_count() > 0
needs_no_gpu = pytest.mark.skipif(HAS_GPU, reason="this machine has a GPU")


def test_a_processor_computes_in_eight_bits_with_the_small_model() -> None:
    hardware = choose_hardware("cpu", "auto", threads=3)

    assert (hardware.device, hardware.compute_type, hardware.threads) == ("cpu", "int8", 3)
    assert hardware.usual_model == "small"


@pytest.mark.skipif(not HAS_GPU, reason="this machine has no GPU")
def test_a_gpu_is_taken_with_the_large_model() -> None:
    hardware = choose_hardware("auto", "auto", threads=1)

    assert (hardware.device, hardware.compute_type) == ("cuda", "float16")
    assert hardware.usual_model == "large-v3"


@needs_no_gpu
def test_without_a_gpu_the_processor_is_taken() -> None:
    assert choose_hardware("auto", "auto", threads=1).device == "cpu"


@needs_no_gpu
def test_a_gpu_that_is_not_there_is_refused_with_the_cure() -> None:
    with pytest.raises(InvalidSettings, match="WHISPER_DEVICE=cpu"):
        choose_hardware("cuda", "auto", threads=1)


def test_another_type_may_be_chosen() -> None:
    assert choose_hardware("cpu", "float32", threads=1).compute_type == "float32"
    assert choose_hardware("cpu", "default", threads=1).compute_type == "default"


def test_a_type_that_the_device_lacks_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(InvalidSettings, match=r"float16.*int8"):
        choose_hardware("cpu", "float16", threads=1)
