"""Documents are cut where a reader of CommonMark sees a heading, and nowhere else."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from support import soak
from support.databases import Database
from support.sessions import Connect

Heading = tuple[int, int, str]

HEADINGS = """
select h.first_line, h.last_line, h.heading
  from docket_private.markdown_headings(regexp_split_to_array(%s, '\r\n|\n|\r')) as h
"""
LINES = (
    "# a", "## b ##", "C# #", "#", "#x", "####### seven", "text", "more text", "===", "---", "=",
    "--", "- item", "* x", "-", "1. one", "2. two", "1)", "10. ten", "+", "> quote", "> # q",
    "- # l",
    "> - x", "> ===", "- ```", "> ```", "  ```", "```", "~~~", "````", "`` a", "~~~ info", "***",
    "- - -", "    code", "    # no", "   ## c", "      deep", "", "  ", "\ttab", "-\tx", ">\ty",
    "  - deeper", "1.  wide", "<div>", "</div>", "<!-- x", "-->", "<!-- one --> t", "<b>", "<?php",
    "?>", "<script>", "</script> t", "<a href='x'>", "<![CDATA[",
)  # fmt: skip
DOCUMENTS = st.lists(st.sampled_from(LINES), max_size=12).map("\n".join) | st.text(
    alphabet="#\n\r -=>*`~1.\tab<", max_size=30
)


def headings_of(document: str) -> list[Heading]:
    """What another reader of CommonMark takes for headings of the document itself."""
    tokens = MarkdownIt("commonmark").parse(document)
    return [
        (token.map[0] + 1, token.map[1], " ".join(tokens[place + 1].content.split()))
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]


def test_headings_are_where_another_reader_sees_them(
    shared_docket: Database, connect: Connect
) -> None:
    session = connect(shared_docket)

    @settings(
        max_examples=soak.size(300, 20_000),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
    )
    @given(DOCUMENTS)
    def agrees(document: str) -> None:
        found = session.execute(HEADINGS, (document,)).fetchall()
        said = [(first, last, " ".join(text.split())) for first, last, text in found]
        assert said == headings_of(document)

    agrees()
