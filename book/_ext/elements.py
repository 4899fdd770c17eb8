"""What is asked of an element of HTML whose kind the asker knows."""

from bs4 import Tag


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
