"""Formulas as MathML, by the MathJax that shows them on the site.

MathJax runs in node: it reads all that the site reads, which no translator written in Python does. What it writes is
made for itself; here it becomes MathML for everyone, above all for what e-readers have of MathML Core.
"""

import json
import re
import subprocess
import unicodedata
from pathlib import Path
from typing import Self

from _ext.site.mathjax import folder

SCRIPT = Path(__file__).resolve().with_name("mathml.js")
# MathML Core has letters in place of these variants; Unicode's names tell which.
VARIANTS = {"double-struck": "DOUBLE-STRUCK CAPITAL", "script": "SCRIPT CAPITAL"}
VARIANT = re.compile(r'<mi mathvariant="(?!normal)([a-z-]+)">([^<]+)</mi>')
OWN = re.compile(r' data-mjx-[a-z-]+="[^"]*"')
# A function's name after a factor and before an argument without a bracket: MathJax spaces them, and writes it nowhere.
NAMED = re.compile(r'(</(?:mn|mi|msub|msup|mfrac)>)(?=<mi[^>]*>[a-z]+</mi><mo data-mjx-texclass="NONE">&#x2061;)')
APPLIED = re.compile(r'(?<=&#x2061;</mo>)(?!<mo|<mrow data-mjx-texclass="(?:OPEN|INNER)")')
THIN_SPACE = '<mspace width="0.167em"></mspace>'


class MathJax:
    """A running MathJax, to be used in a `with`."""

    def __enter__(self) -> Self:
        self.node = subprocess.Popen(
            ["node", SCRIPT, folder() / "node-main.js"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self

    def __exit__(self, *exception: object) -> None:
        self.node.communicate()

    def mathml(self, tex: str, *, display: bool) -> str:
        """One <math> element. Raises ValueError with MathJax's sentence where it cannot read the formula."""
        assert self.node.stdin and self.node.stdout  # pipes
        self.node.stdin.write(json.dumps({"tex": tex.strip(), "display": display}) + "\n")
        self.node.stdin.flush()
        answer = json.loads(self.node.stdout.readline())
        if "error" in answer:
            raise ValueError(f"{answer['error']}: {tex!r}")
        return portable(answer["mathml"])


def portable(mathml: str) -> str:
    """MathJax's MathML, without what only MathJax reads."""
    mathml = APPLIED.sub(THIN_SPACE, NAMED.sub(rf"\1{THIN_SPACE}", re.sub(r"\n\s*", "", mathml)))
    return VARIANT.sub(lambda match: f"<mi>{letter(*match.groups())}</mi>", OWN.sub("", mathml))


def letter(variant: str, plain: str) -> str:
    """The letter of a variant: 𝔼 for "double-struck" and E. Raises ValueError where Unicode has none."""
    name = f"{VARIANTS.get(variant, variant.upper())} {plain}"
    for full in (name, f"MATHEMATICAL {name}"):  # ℝ was there before mathematics had a block of its own
        try:
            return unicodedata.lookup(full)
        except KeyError:
            continue
    raise ValueError(f"no letter is known for {plain!r} in the variant {variant!r}")
