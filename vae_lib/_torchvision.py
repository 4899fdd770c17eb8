"""torchvision's MNIST and Fashion-MNIST, also where torch and torchvision were built for different machines.

A CPU build of torch beside a torchvision compiled for CUDA is a common pair on machines without a GPU. There
`import torchvision` stops with "operator torchvision::nms does not exist", because torchvision describes two operators
whose compiled half could not be loaded. The images need neither, so we declare the two names and import again: nothing
can call them by accident, since they have a signature and no implementation.
"""

import sys

import torch

try:
    from torchvision.datasets import MNIST, FashionMNIST
except RuntimeError as error:
    if "torchvision::nms" not in str(error):
        raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]  # the failed import left half a package behind
    _operators = torch.library.Library("torchvision", "FRAGMENT")  # the declarations live as long as this object
    _operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from torchvision.datasets import MNIST, FashionMNIST

__all__ = ["MNIST", "FashionMNIST"]
