"""Beside gopls, behind a multiplexer, for editors that start one server per file."""

import os
import shutil

import pytest
from conftest import LEAK, SEND, place
from lsprotocol import types as lsp

missing = [name for name in ["rass", "gopls", "go"] if not shutil.which(name)]
if missing and os.environ.get("CI") == "true":
    raise RuntimeError(f"missing: {missing}")
pytestmark = pytest.mark.skipif(bool(missing), reason=f"missing: {missing}")

BOTH = LEAK.replace("\tch :=", "\tunused := 1\n\tch :=")


@pytest.mark.filterwarnings("ignore")
async def test_both_servers_are_heard(new_session):
    session = new_session()
    # It does not end before its input does.
    session.ends = False
    session.command = ["rass", "--", "gopls", "--", session.command[0], "lsp"]
    session.write("a.go", BOTH)
    await session.start()
    uri = session.open("a.go", BOTH)
    diagnostics = await session.shown(uri, 2)
    assert {diagnostic.source for diagnostic in diagnostics} == {"compiler", "goleash"}
    (ours,) = [diagnostic for diagnostic in diagnostics if diagnostic.source == "goleash"]
    assert ours.range == place(BOTH, SEND)
    actions = await session.actions(uri, ours.range, [ours], [lsp.CodeActionKind.QuickFix])
    assert any("room for one value" in action.title for action in actions)
