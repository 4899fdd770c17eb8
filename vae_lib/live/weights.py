"""A trained network as bytes that the front end runs.

Eight bits a weight: a quarter of float32. Rounding each weight to the nearest of 255 even steps moves a posterior mean
by up to 0.06, which a careful reader of a figure could see. Two things bring that under 0.02. The steps are finer
where most weights are, near zero: byte b stands for scale * sign(b) * |b / 127|^1.5, with a scale for each row. And the
columns are rounded one after the other, each error being made good, as far as typical inputs allow, by the columns
not yet rounded: Frantar et al. (2023), «GPTQ», after the optimal brain surgeon of Hassibi and Stork (1993).

Little-endian: "MLP1" and the number of layers (uint32); then for each layer inputs, outputs and activation (uint32;
0 none, 1 ReLU, 2 sigmoid), its bias and its rows' scales (float32), its rows (int8), and zeros up to a multiple of
four bytes. js/mlp.js reads it.
"""

import hashlib
import struct
from collections.abc import Callable
from copy import deepcopy
from functools import cache, wraps
from typing import Literal

import torch
from torch import Tensor, nn

from vae_lib import synthetic
from vae_lib.evaluate import codes
from vae_lib.models import VAE, Autoencoder

ACTIVATIONS = {"none": 0, "relu": 1, "sigmoid": 2}
POWER = 1.5  # the same in js/mlp.js
TYPICAL = 5_000  # inputs over which a rounding error is made good
DAMPING = 0.1  # of their mean square, added to each: pixels that are always black would allow any correction


def _once(make: Callable[[VAE | Autoencoder], bytes]) -> Callable[[VAE | Autoencoder], bytes]:
    """`make`, whose bytes are kept for models with the same layers and weights: several figures show one network."""
    made: dict[bytes, bytes] = {}

    @wraps(make)
    def packed(model: VAE | Autoencoder) -> bytes:
        digest = hashlib.sha256(f"{model} {model.decoder.likelihood}".encode())
        for name, values in model.state_dict().items():
            digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
            digest.update(values.detach().cpu().numpy().tobytes())
        if digest.digest() not in made:
            made[digest.digest()] = make(deepcopy(model).cpu())  # to the same bytes wherever its weights are
        return made[digest.digest()]

    return packed


@_once
def pack_encoder(model: VAE | Autoencoder) -> bytes:
    """The encoder's bytes; its output is that of the last linear layer. Raises ValueError as `pack` does."""
    return pack(model.encoder, _typical_images(), output="none")


@_once
def pack_decoder(model: VAE | Autoencoder) -> bytes:
    """The decoder's bytes; its output is the pixels' mean. Raises ValueError as `pack` does."""
    output = "none" if model.decoder.likelihood == "gaussian" else "sigmoid"
    return pack(model.decoder.network, codes(model, _typical_images()), output=output)


@torch.no_grad()
def pack(network: nn.Module, x: Tensor, *, output: Literal["none", "sigmoid"]) -> bytes:
    """The bytes of a network of linear layers with ReLU between them (`models.mlp`) and `output` after the last.

    x: (N, inputs), typical inputs; the network is packed on their device. Raises ValueError that names the first layer
    the front end could not run.
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
    if not all(values.isfinite().all() for values in (*network.parameters(), x)):
        raise ValueError("network: not all of its weights, or of what it is given, are finite numbers")
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    names = ["relu"] * (len(linear) - 1) + [output]
    layers = []
    for layer, name in zip(linear, names, strict=True):
        weight, bias = layer.weight.float(), layer.bias.float()  # (outputs, inputs), (outputs,)
        scale = weight.abs().amax(1).clamp(min=1e-12)  # (outputs,); a row of zeros has to stay one
        rows = _rounded(weight, scale, x.T @ x / len(x))
        sizes = struct.pack("<III", layer.in_features, layer.out_features, ACTIVATIONS[name])
        floats = torch.cat([bias, scale]).cpu().numpy().astype("<f4").tobytes()
        layers.append(b"".join([sizes, floats, rows.cpu().numpy().tobytes(), bytes(-rows.numel() % 4)]))
        x = (x @ _weight(rows, scale).T + bias).relu()  # what the next layer gets from this one as it is rounded
    return b"".join([b"MLP1", struct.pack("<I", len(layers)), *layers])


def _rounded(weight: Tensor, scale: Tensor, moments: Tensor) -> Tensor:
    """Bytes (outputs, inputs) for a weight whose inputs have the given second moments (inputs, inputs)."""
    inputs = len(moments)
    moments = moments + (DAMPING * moments.diagonal().mean() + 1e-12) * torch.eye(inputs, device=moments.device)
    upper = torch.linalg.cholesky(moments.double().inverse(), upper=True).float()
    weight, rows = weight.clone(), torch.empty(weight.shape, dtype=torch.int8, device=weight.device)
    for i in range(inputs):
        rows[:, i] = _nearest(weight[:, i], scale)
        error = (weight[:, i] - _weight(rows[:, i], scale)) / upper[i, i]
        weight[:, i + 1 :] -= error.unsqueeze(1) * upper[i, i + 1 :]
    return rows


def _nearest(weight: Tensor, scale: Tensor) -> Tensor:
    """The byte whose weight is nearest: (outputs,)."""
    share = (weight.abs() / scale).clamp(max=1)
    below = (127 * share ** (1 / POWER)).floor()
    middle = ((below / 127) ** POWER + ((below + 1) / 127) ** POWER) / 2
    return (weight.sign() * torch.where(share > middle, below + 1, below).clamp(max=127)).char()


def _weight(rows: Tensor, scale: Tensor) -> Tensor:
    """What the bytes stand for: (outputs, ...)."""
    share = (rows.float() / 127).abs() ** POWER * rows.sign()
    return share * scale.view(-1, *[1] * (rows.ndim - 1))


@cache
def _typical_images() -> Tensor:
    """Digits that need no files and are the same everywhere, so that a model is packed to the same bytes everywhere."""
    return synthetic.sample(TYPICAL, seed=0).images
