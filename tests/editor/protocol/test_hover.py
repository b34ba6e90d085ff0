"""What one reads when pointing at a finding."""

from conftest import LEAK, SEND, place
from lsprotocol import types as lsp
from pytest_lsp import client_capabilities


async def test_the_run_is_told_in_order(session):
    uri = session.open("a.go", LEAK)
    await session.shown(uri, 1)
    hover = await session.hover(uri, place(LEAK, SEND).start)
    assert hover.range == place(LEAK, SEND)
    assert hover.contents.kind == lsp.MarkupKind.Markdown
    text = hover.contents.value
    steps = [line for line in text.splitlines() if line[:1].isdigit()]
    assert [step.split(".")[0] for step in steps] == [str(i + 1) for i in range(len(steps))]
    assert f"[a.go:6]({uri}#L6): `ch` is made" in steps[0]
    assert "blocks here for ever" in steps[-1]
    assert "**early-return**" in text
    assert "**Help**: " in text
    assert "/rules/early-return.md)" in text


async def test_both_ends_of_the_finding_count(session):
    uri = session.open("a.go", LEAK)
    await session.shown(uri, 1)
    send = place(LEAK, SEND)
    assert await session.hover(uri, send.end) is not None
    before = lsp.Position(send.start.line, send.start.character - 1)
    assert await session.hover(uri, before) is None
    assert await session.hover(uri, lsp.Position(0, 0)) is None
    assert await session.hover(session.uri("gone.go"), lsp.Position(0, 0)) is None


async def test_plain_text_for_editors_without_markdown(new_session):
    capabilities = client_capabilities("visual-studio-code")
    capabilities.text_document.hover.content_format = [lsp.MarkupKind.PlainText]
    session = await new_session().start(capabilities)
    uri = session.open("a.go", LEAK)
    await session.shown(uri, 1)
    hover = await session.hover(uri, place(LEAK, SEND).start)
    assert hover.contents.kind == lsp.MarkupKind.PlainText
    assert "1. a.go:6: `ch` is made" in hover.contents.value
    assert "**" not in hover.contents.value and "](" not in hover.contents.value
