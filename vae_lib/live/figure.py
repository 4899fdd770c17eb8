"""What every live figure is: a widget where a kernel listens, data and a picture in the built book.

In a notebook a figure is an ipywidgets widget (through anywidget): its traits can be read, set, observed and linked.
With VAE_LIB_LIVE=page, which the book's build sets for its kernels, no comm is opened and nothing of the widget is
saved; the cell's output is HTML that holds the figure's state and its networks' weights, and beside it a drawing. The
book's `_ext/figures/live.py` gives the page the script and the weights, and the HTML its drawing.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable
from typing import Any

import anywidget
import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from vae_lib.live.script import CSS, notebook_module
from vae_lib.live.sprite import as_base64, png
from vae_lib.live.traits import Data, Text


class LiveFigure(anywidget.AnyWidget):
    """The base of the figures. `label` is what a screen reader calls it.

    `room` is how high it stands in a page, in pixels: where its parts are one below the other, and side by side.
    """

    room: tuple[int, int]

    _esm = notebook_module()
    _css = CSS
    kind = Data()  # the name of the function in js/ that draws it
    label = Text()
    networks = Data()  # the bytes that `weights.pack` wrote, by name

    def __init__(self, *, networks: dict[str, bytes] | None = None, **values: object) -> None:
        name = type(self).__name__
        values |= {"kind": name[0].lower() + name[1:], "networks": networks or {}}
        for name in [name for name in values if self.traits()[name].read_only]:
            self.set_trait(name, values.pop(name))
        super().__init__(**values)  # which opens the comm and sends them

    def picture(self) -> Figure:
        """The figure as it first stands, drawn by matplotlib: for paper, and for where no script runs."""
        raise NotImplementedError

    def open(self) -> None:
        """Open the comm to the notebook's front end; a built page has none."""
        if not _in_page():
            super().open()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data = {"text/plain": self.label}
        if _in_page():
            return data | {"image/svg+xml": _svg(self.picture), "text/html": self._html()}, {}
        widget, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})  # nothing of a widget without a view
        return widget | data | {"image/png": as_base64(_png(self.picture))}, metadata

    def _html(self) -> str:
        ids = {name: hashlib.sha256(packed).hexdigest()[:16] for name, packed in self.networks.items()}
        own = set(type(self).class_trait_names(sync=True)) - set(anywidget.AnyWidget.class_trait_names())
        state = {name: getattr(self, name) for name in sorted(own) if not name.startswith("_")} | {"networks": ids}
        return "\n".join(
            [
                '<div class="live-figure" style="--narrow: {}px; --wide: {}px">'.format(*self.room),
                f'<script type="application/json">{_inside_script(json.dumps(state, separators=(",", ":")))}</script>',
                '<div class="live-still"><div class="live-static"></div>',
                '<p class="live-note">This figure can be moved where the page\'s script runs.</p></div>',
                *(
                    f'<script type="text/plain" class="live-weights" data-id="{ids[name]}">{as_base64(packed)}</script>'
                    for name, packed in self.networks.items()
                ),
                "</div>",
            ]
        )


def rounded(values: Tensor) -> list:
    """Nested lists of floats with the two decimals that a figure can show."""
    return (values.cpu().double() * 100).round().div(100).tolist()


def _in_page() -> bool:
    return os.environ.get("VAE_LIB_LIVE") == "page"


def _inside_script(text: str) -> str:
    """JSON that cannot end the element it stands in."""
    return text.replace("<", "\\u003c")


def _svg(draw: Callable[[], Figure]) -> str:
    return _drawn(draw, "svg", {"Date": None}).decode()


def _png(draw: Callable[[], Figure]) -> bytes:
    picture = Image.open(io.BytesIO(_drawn(draw, "png", {"Software": None})))
    # 256 colours: a third of the bytes, and nothing to see of it.
    return png(picture.quantize(256, method=Image.Quantize.FASTOCTREE))


def _drawn(draw: Callable[[], Figure], form: str, metadata: dict[str, None]) -> bytes:
    """A figure as a file; the metadata leaves out what would differ from day to day."""
    buffer = io.BytesIO()
    plt.draw_if_interactive()  # loads the backend, a notebook's of which switches interaction on
    interactive = plt.isinteractive()
    with plt.ioff():  # or the notebook would show the picture a second time, under the figure
        figure = draw()
        figure.savefig(buffer, format=form, dpi=144, bbox_inches="tight", metadata=metadata)
        plt.close(figure)
    mpl.interactive(interactive)
    return buffer.getvalue()
