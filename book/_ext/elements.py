"""What is asked of HTML: of a whole site, or of an element whose kind the asker knows."""

from pathlib import Path

from bs4 import Tag


def pages_of(site: Path) -> str:
    """All pages of a built site, one after the other."""
    return "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.html"))


def classes(node: Tag) -> list[str]:
    """The classes of an element; none where it has none."""
    return node.get_attribute_list("class")


def attribute(node: Tag, name: str) -> str:
    """An attribute as it is written; "" where the element lacks it."""
    return " ".join(node.get_attribute_list(name))


def first(node: Tag, selector: str) -> Tag:
    """The first of the elements in a node that a CSS selector chooses. Raises ValueError where it chooses none."""
    found = node.select_one(selector)
    if found is None:
        raise ValueError(f"<{node.name}>: it holds no {selector}, in {str(node)[:200]!r}")
    return found
