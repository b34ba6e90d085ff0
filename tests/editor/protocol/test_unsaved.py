"""Buffers that have no file yet: `untitled:`."""

import pytest
from conftest import CLEAN, LEAK
from lsprotocol import types as lsp
from test_actions import applied, titled

UNSAVED = "untitled:Untitled-1"


async def test_findings_are_shown_under_its_name(session):
    session.open("", LEAK, UNSAVED)
    (diagnostic,) = await session.shown(UNSAVED, 1, 1)
    related = diagnostic.related_information or []
    assert all(it.location.uri == UNSAVED for it in related)
    version = session.change(UNSAVED, CLEAN)
    await session.shown(UNSAVED, 0, version)
    version = session.change(UNSAVED, LEAK)
    await session.shown(UNSAVED, 1, version)
    session.close(UNSAVED)
    await session.shown(UNSAVED, 0)


async def test_it_is_a_package_by_itself(session):
    """Neither a file of the project nor another buffer is part of it, whatever they declare."""
    makes = "package m\n\nfunc newChannel() chan []byte { return make(chan []byte) }\n"
    wants = LEAK.replace("make(chan []byte)", "newChannel()")
    session.write("make.go", makes)
    session.open("", makes, "untitled:Untitled-2")
    await session.shown("untitled:Untitled-2", 0, 1)
    session.open("", wants, UNSAVED)
    await session.shown(UNSAVED, 0, 1)
    # Among that file it does leak.
    uri = session.open("a.go", wants)
    await session.shown(uri, 1)


@pytest.mark.parametrize("uri", [UNSAVED, "untitled:/not/there/pool.go", "untitled:/a b/%C3%A9"])
async def test_repairs_are_of_the_buffer(session, uri):
    session.open("", LEAK, uri)
    (diagnostic,) = await session.shown(uri, 1)
    actions = await session.actions(uri, diagnostic.range, [diagnostic])
    assert applied(LEAK, actions[0], uri) == CLEAN
    assert "//goleash:ignore" in applied(LEAK, titled(actions, "Suppress"), uri)
    hover = await session.client.text_document_hover_async(
        lsp.HoverParams(lsp.TextDocumentIdentifier(uri), diagnostic.range.start)
    )
    assert hover is not None and "file:" not in hover.contents.value


async def test_other_languages_are_left_alone(session):
    document = lsp.TextDocumentItem(UNSAVED, "plaintext", 1, LEAK)
    session.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
    uri = session.open("a.go", LEAK)
    await session.shown(uri, 1)
    assert UNSAVED not in {pushed.uri for pushed in session.pushed}
