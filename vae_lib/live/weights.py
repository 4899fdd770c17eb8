"""A trained network as bytes that the front end runs.

Eight bits a weight: a quarter of float32, and the decoded image differs by less than a screen shows. Each row has a
scale of its own, because the rows of a trained layer differ in size: with one scale for all of them, the largest
weight would leave the rows of small ones few of their 255 steps.

Little-endian: "MLP1" and the number of layers (uint32); then for each layer inputs, outputs and activation (uint32;
0 none, 1 ReLU, 2 sigmoid), its bias and its rows' scales (float32), its rows (int8; a weight is the byte times its
row's scale), and zeros up to a multiple of four bytes. js/mlp.js reads it.
"""

import struct
from typing import Literal

import torch
from torch import nn

ACTIVATIONS = {"none": 0, "relu": 1, "sigmoid": 2}


def pack(network: nn.Sequential, *, output: Literal["none", "sigmoid"]) -> bytes:
    """The bytes of a network of linear layers with ReLU between them (`models.mlp`) and `output` after the last.

    Raises ValueError that names the first layer the front end could not run.
    """
    if output not in ("none", "sigmoid"):
        raise ValueError(f"output: {output!r}, expected 'none' or 'sigmoid'")
    if not isinstance(network, nn.Sequential) or len(network) == 0:
        raise ValueError(f"network: {network}, expected a Sequential of Linear layers with ReLU between them")
    for place, layer in enumerate(network):
        between = place % 2 == 1
        known = isinstance(layer, nn.ReLU) if between else isinstance(layer, nn.Linear) and layer.bias is not None
        if not known or (between and place == len(network) - 1):
            raise ValueError(
                f"network: layer {place} is {layer}; the front end runs Linear layers with bias, with ReLU between them"
            )
    linear = network[::2]
    names = ["relu"] * (len(linear) - 1) + [output]
    layers = [_layer(layer, ACTIVATIONS[name]) for layer, name in zip(linear, names, strict=True)]
    return b"".join([b"MLP1", struct.pack("<I", len(layers)), *layers])


@torch.no_grad()
def _layer(layer: nn.Linear, activation: int) -> bytes:
    weight = layer.weight.float()  # (outputs, inputs)
    scale = weight.abs().amax(1).clamp(min=1e-12) / 127  # (outputs,); a row of zeros has to stay one
    sizes = struct.pack("<III", layer.in_features, layer.out_features, activation)
    floats = torch.cat([layer.bias.float(), scale]).numpy().astype("<f4").tobytes()
    rows = (weight / scale.unsqueeze(1)).round().char().numpy().tobytes()
    return b"".join([sizes, floats, rows, bytes(-len(rows) % 4)])
