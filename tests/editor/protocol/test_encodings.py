"""Columns are counted as the two sides have agreed."""

import pytest
from conftest import LEAK, SEND, place
from lsprotocol import types as lsp
from pytest_lsp import client_capabilities

# Two bytes but one unit, four bytes but two units, before what matters in its line.
WIDE = LEAK.replace(SEND, f"/* ßéü 😀😀 */ {SEND}").replace("save", "sichernÄ")


@pytest.mark.parametrize(
    "offered, agreed",
    [
        (["utf-8", "utf-16"], "utf-8"),
        (["utf-16", "utf-8"], "utf-8"),
        (["utf-16"], "utf-16"),
        (None, "utf-16"),
    ],
)
async def test_ranges_and_edits(new_session, offered, agreed):
    capabilities = client_capabilities("visual-studio-code")
    capabilities.general.position_encodings = offered
    session = await new_session().start(capabilities)
    assert session.result.capabilities.position_encoding == agreed
    uri = session.open("a.go", WIDE)
    (diagnostic,) = await session.shown(uri, 1)
    assert diagnostic.range == place(WIDE, SEND, agreed)
    assert place(WIDE, SEND, "utf-8") != place(WIDE, SEND, "utf-16")
    assert await session.hover(uri, diagnostic.range.start) is not None

    # An edit right behind the wide characters of the line.
    version = session.change(uri, (place(WIDE, SEND, agreed), f"/* 😀 */ {SEND}"))
    (diagnostic,) = await session.shown(uri, 1, version)
    wider = WIDE.replace(SEND, f"/* 😀 */ {SEND}")
    assert diagnostic.range == place(wider, SEND, agreed)


async def test_lines_may_end_in_a_lone_return(session):
    """The protocol ends a line there, Go does not."""
    text = LEAK.replace("package m\n", "// a\r// b\r\npackage m\n")
    uri = session.open("a.go", text)
    (diagnostic,) = await session.shown(uri, 1)
    assert diagnostic.range.start.line == place(LEAK, SEND).start.line + 2


async def test_files_on_the_disk_need_not_be_utf_8(session):
    latin = LEAK.replace(SEND, f"/* \xe9\xe9 */ {SEND}").encode("latin-1")
    uri = session.write("a.go", latin)
    session.open("b.go", "package m\n")
    (diagnostic,) = await session.shown(uri, 1)
    assert diagnostic.range.start == lsp.Position(8, 2 + len("/* ?? */ "))
