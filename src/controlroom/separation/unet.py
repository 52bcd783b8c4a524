"""Spleeter's two U-Nets as one ONNX graph, from a plain table of arrays.

Hennequin, Khlif, Voituret and Moussallam, "Spleeter: a fast and efficient
music source separation tool with pre-trained models", JOSS 5 (2020) 2154; the
U-Net is that of Jansson et al., ISMIR 2017. One network per stem sees the
magnitude spectrum of the stereo mix and answers with a soft mask; the two
masks are turned into a Wiener-like ratio. Everything up to the ratio is in the
graph, so onnxruntime does the heavy work and nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Weights = Mapping[str, npt.NDArray[np.float32]]
"""The arrays of one network by name, shaped as ``SHAPES`` says."""

NETWORKS = 2
BINS = 1024
"""Frequency bins that the networks see: 0 to 11.025 kHz at 44.1 kHz."""
FRAMES = 512
"""Frames per segment that the networks were trained on: 11.9 s."""
STRIDE = 64
"""Both axes must be multiples of this: six layers of stride two."""

_DOWN = (2, 16, 32, 64, 128, 256, 512)
_UP_IN = (512, 512, 256, 128, 64, 32)
_UP_OUT = (256, 128, 64, 32, 16, 1)
_NORM = ("weight", "bias", "running_mean", "running_var")
_RATIO_FLOOR = 1e-10
_OPSET, _IR_VERSION = 17, 8
_UNUSED = "down6_act"  # the deepest layer's normalisation was trained and then never used


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for n in range(1, 7):
        shapes[f"down{n}_conv.1.weight"] = (_DOWN[n], _DOWN[n - 1], 5, 5)
        shapes[f"down{n}_conv.1.bias"] = (_DOWN[n],)
        shapes |= {f"down{n}_act.0.{part}": (_DOWN[n],) for part in _NORM}
    for n in range(1, 7):
        shapes[f"up{n}.0.weight"] = (_UP_IN[n - 1], _UP_OUT[n - 1], 5, 5)
        shapes[f"up{n}.0.bias"] = (_UP_OUT[n - 1],)
        shapes |= {f"up{n}.3.{part}": (_UP_OUT[n - 1],) for part in _NORM}
    return shapes | {"up7.0.weight": (2, 1, 4, 4), "up7.0.bias": (2,)}


SHAPES: Mapping[str, tuple[int, ...]] = _shapes()
"""Every array of one network, in the order in which they are stored."""


class _Graph:
    """Collects nodes of one network and names what flows between them."""

    def __init__(self, prefix: str) -> None:
        from onnx import helper

        self._make = helper.make_node
        self.prefix = prefix
        self.nodes: list[Any] = []

    def add(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(self._make(kind, inputs, [f"{self.prefix}{name}"], **attributes))
        return f"{self.prefix}{name}"

    def arrays(self, layer: str, parts: tuple[str, ...]) -> list[str]:
        return [f"{self.prefix}{layer}.{part}" for part in parts]


def _network(prefix: str) -> _Graph:
    """Return one U-Net's nodes, from ``magnitude`` to ``<prefix>mask``."""
    graph, flow, skips = _Graph(prefix), "magnitude", list[str]()
    kernel: dict[str, Any] = {"kernel_shape": [5, 5], "strides": [2, 2], "pads": [1, 1, 2, 2]}
    for n in range(1, 7):
        inputs = [flow, *graph.arrays(f"down{n}_conv.1", ("weight", "bias"))]
        conv = graph.add("Conv", inputs, f"down{n}", **kernel)
        skips.append(conv)
        if n < 6:
            inputs = [conv, *graph.arrays(f"down{n}_act.0", _NORM)]
            norm = graph.add("BatchNormalization", inputs, f"norm{n}", epsilon=1e-3)
            flow = graph.add("LeakyRelu", [norm], f"leaky{n}", alpha=0.2)
    flow = skips.pop()
    for n in range(1, 7):
        inputs = [flow, *graph.arrays(f"up{n}.0", ("weight", "bias"))]
        up = graph.add("ConvTranspose", inputs, f"up{n}", **kernel)
        relu = graph.add("Relu", [up], f"relu{n}")
        inputs = [relu, *graph.arrays(f"up{n}.3", _NORM)]
        flow = graph.add("BatchNormalization", inputs, f"upnorm{n}", epsilon=1e-3)
        if n < 6:
            flow = graph.add("Concat", [skips.pop(), flow], f"skip{n}", axis=1)
    last: dict[str, Any] = {"kernel_shape": [4, 4], "dilations": [2, 2], "pads": [3, 3, 3, 3]}
    out = graph.add("Conv", [flow, *graph.arrays("up7.0", ("weight", "bias"))], "out", **last)
    graph.add("Sigmoid", [out], "mask")
    return graph


def _ratio(make: Any) -> list[Any]:
    """Return the nodes of ``(v² + ε/2) / (v² + a² + ε)``, v and a masked magnitudes."""
    return [
        make("Mul", ["0.mask", "magnitude"], ["v"]),
        make("Mul", ["1.mask", "magnitude"], ["a"]),
        make("Mul", ["v", "v"], ["v2"]),
        make("Mul", ["a", "a"], ["a2"]),
        make("Add", ["v2", "half_floor"], ["numerator"]),
        make("Add", ["v2", "a2"], ["power"]),
        make("Add", ["power", "floor"], ["denominator"]),
        make("Div", ["numerator", "denominator"], ["ratio"]),
    ]


def build(networks: tuple[Weights, ...]) -> bytes:
    """Return the serialised ONNX model of both networks and their ratio.

    Parameters
    ----------
    networks : tuple of two mappings
        Voice first, accompaniment second; float32 arrays shaped as ``SHAPES``.

    Returns
    -------
    bytes
        A model with input ``magnitude`` and output ``ratio``, both float32
        shaped (1, 2, frames, 1024), frames a multiple of 64. ``ratio`` is the
        voice's share, 0 to 1; the accompaniment's is one minus it. Padding of
        the stride-2 layers is one before and two behind, epsilon 1e-3, slope
        0.2, as in the original's TensorFlow graph.

    Raises
    ------
    ValueError
        If an array is missing or has another shape.
    """
    from onnx import TensorProto, helper, numpy_helper

    tensors = [
        numpy_helper.from_array(np.asarray(_RATIO_FLOOR * share, np.float32), name)
        for name, share in (("floor", 1.0), ("half_floor", 0.5))
    ]
    for n, weights in enumerate(networks):
        for name, shape in SHAPES.items():
            if name not in weights or weights[name].shape != shape:
                raise ValueError(f"network {n}: array {name!r} is missing or not shaped {shape}")
            if not name.startswith(_UNUSED):
                tensors.append(numpy_helper.from_array(weights[name], f"{n}.{name}"))
    nodes = [node for n in range(NETWORKS) for node in _network(f"{n}.").nodes]
    dims: list[int | str | None] = [1, 2, "frames", BINS]
    graph = helper.make_graph(
        nodes + _ratio(helper.make_node),
        "spleeter-2stems",
        [helper.make_tensor_value_info("magnitude", TensorProto.FLOAT, dims)],
        [helper.make_tensor_value_info("ratio", TensorProto.FLOAT, dims)],
        tensors,
    )
    opset = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())
