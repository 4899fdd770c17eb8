"""MathML for everyone, from what MathJax writes for itself.

It is read by screen readers, and shown by e-readers, above all those that know MathML Core and no more.
"""

import re
import unicodedata

# MathML Core has letters in place of these variants; Unicode's names tell which.
VARIANTS = {"double-struck": "DOUBLE-STRUCK CAPITAL", "script": "SCRIPT CAPITAL"}
VARIANT = re.compile(r'<mi mathvariant="(?!normal)([a-z-]+)">([^<]+)</mi>')
OWN = re.compile(r' data-mjx-[a-z-]+="[^"]*"')
# A function's name after a factor and before an argument without a bracket: MathJax spaces them, and writes it nowhere.
NAMED = re.compile(r'(</(?:mn|mi|msub|msup|mfrac)>)(?=<mi[^>]*>[a-z]+</mi><mo data-mjx-texclass="NONE">&#x2061;)')
APPLIED = re.compile(r'(?<=&#x2061;</mo>)(?!<mo|<mrow data-mjx-texclass="(?:OPEN|INNER)")')
THIN_SPACE = '<mspace width="0.167em"></mspace>'


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
