"""The search of the site: Sphinx's own, which works from a folder too, in the spelling of either side of the Atlantic.

A term finds first the section that defines it, by the `index` directive there. Excerpts would be asked of the network,
and are left out (`html_show_search_summary`).
"""

import re

from sphinx.application import Sphinx
from sphinx.domains.index import IndexDomain
from sphinx.environment import BuildEnvironment
from sphinx.search.en import SearchEnglish
from sphinx.util.index_entries import split_index_msg

# From British to American, at the end of a word: -ise, -yse, -our, -re, the doubled l; and a word that has two
# spellings on both sides. Python and JavaScript read them alike. What is no British spelling ("noise") is changed in
# the index and in the question, and is found as before.
SPELLINGS = (
    ("is(?=(?:e|ed|es|er|ers|ing|able|ation|ations|ational)$)", "iz"),
    ("ys(?=(?:e|ed|es|er|ers|ing)$)", "yz"),
    ("our(?=(?:s|al|ed|ing|able|ite|ites|hood|hoods)?$)", "or"),
    ("tre(?=s?$)", "ter"),
    ("ll(?=(?:ed|er|ers|ing)$)", "l"),
    ("parametr(?=i)", "parameter"),
)
LONG_ENOUGH = 5  # "four" is not "for"


class English(SearchEnglish):
    """Sphinx's English, to which both spellings of a word are one."""

    js_stemmer_code = f"""{SearchEnglish.js_stemmer_code}
Stemmer = (Porter => function () {{
  const porter = new Porter();
  const american = word => word.length < {LONG_ENOUGH} ? word : [{
        ", ".join(f'[/{british}/, "{ending}"]' for british, ending in SPELLINGS)
    }].reduce((spelt, [british, ending]) => spelt.replace(british, ending), word);
  this.stemWord = word => porter.stemWord(american(word));
}})(Stemmer);
"""

    def stem(self, word: str) -> str:
        word = word.lower()
        if len(word) >= LONG_ENOUGH:
            for british, ending in SPELLINGS:
                word = re.sub(british, ending, word, count=1)
        return super().stem(word)


def keep_terms(app: Sphinx, env: BuildEnvironment) -> None:
    """Give the index the terms of pages that are not written again: Sphinx forgets them from one build to the next."""
    domain = env.get_domain("index")
    assert isinstance(domain, IndexDomain)
    for page, entries in domain.entries.items():
        terms = {(term, place, main) for kind, text, place, main, _ in entries for term in split_index_msg(kind, text)}
        env._search_index_index_entries.setdefault(page, sorted(terms))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_search_language(English)
    app.connect("env-updated", keep_terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
