"""Code actions and commands."""

import pytest
from conftest import CLEAN, LEAK, SEND, place
from lsprotocol import types as lsp
from pytest_lsp import client_capabilities

QUICK_FIX = lsp.CodeActionKind.QuickFix


def applied(text: str, action: lsp.CodeAction, uri: str, version: int | None = 1) -> str:
    """`text` after the edits of an action, which are all in one file of ASCII."""
    edit = action.edit
    if edit.document_changes is not None:
        (change,) = edit.document_changes
        assert change.text_document.uri == uri
        assert change.text_document.version == version
        edits = change.edits
    else:
        assert list(edit.changes) == [uri]
        edits = edit.changes[uri]
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:i])) for i in range(len(lines) + 1)]

    def offset(position):
        return starts[position.line] + position.character

    for edit in sorted(edits, key=lambda e: offset(e.range.start), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


def titled(actions, word: str):
    (found,) = [action for action in actions if word in action.title]
    return found


async def test_the_kinds_are_announced(session):
    kinds = session.result.capabilities.code_action_provider.code_action_kinds
    assert list(kinds) == [QUICK_FIX, "source.fixAll.goleash"]


async def test_the_repair_is_offered_first(session):
    uri = session.open("a.go", LEAK)
    (diagnostic,) = await session.shown(uri, 1)
    actions = await session.actions(uri, diagnostic.range, [diagnostic])
    assert [action.is_preferred for action in actions].index(True) == 0
    assert [action.is_preferred for action in actions].count(True) == 1
    fix = actions[0]
    assert fix.kind == QUICK_FIX
    assert fix.diagnostics[0].data == diagnostic.data
    assert "`ch`" in fix.title and fix.title[0].isupper()
    after = applied(LEAK, fix, uri)
    assert after == CLEAN
    version = session.change(uri, after)
    await session.shown(uri, 0, version)


async def test_a_repair_edits_the_file_it_is_about(session):
    """The finding is in one file, what has to be changed in another, which is not even open."""
    other = "package m\n\nfunc newChannel() chan []byte {\n\treturn make(chan []byte)\n}\n"
    closed = session.write("b.go", other)
    uri = session.open("a.go", LEAK.replace("make(chan []byte)", "newChannel()"))
    (diagnostic,) = await session.shown(uri, 1)
    fix = (await session.actions(uri, diagnostic.range))[0]
    after = applied(other, fix, closed, version=None)
    assert after == other.replace("[]byte)", "[]byte, 1)")


async def test_a_repair_that_needs_a_look_says_so(session):
    text = """\
package m

func produce(n int) <-chan int {
	out := make(chan int)
	go func() {
		for i := 0; i < n; i++ {
			out <- i
		}
	}()
	return out
}

func sum(n int) int {
	total := 0
	for item := range produce(n) {
		total += item
	}
	return total
}
"""
    uri = session.open("a.go", text)
    (diagnostic,) = await session.shown(uri, 1)
    actions = await session.actions(uri, diagnostic.range)
    fixes = [a for a in actions if "Suppress" not in a.title and "Explain" not in a.title]
    assert fixes
    for fix in fixes:
        assert bool(fix.is_preferred) == ("look at it" not in fix.title and fix is fixes[0])
        version = session.change(uri, applied(text, fix, uri, session.versions[uri]))
        await session.shown(uri, 0, version)
        session.change(uri, text)
        await session.shown(uri, 1, session.versions[uri])
        actions = await session.actions(uri, diagnostic.range)


async def test_everything_can_be_repaired_at_once(session):
    body = LEAK.split("\n\n", 2)[2]
    text = LEAK + "\n" + body.replace("save", "store") + "\n" + body.replace("save", "keep")
    uri = session.open("a.go", text)
    await session.shown(uri, 3)
    nowhere = lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))
    for only in [["source.fixAll"], ["source.fixAll.goleash"], ["source"]]:
        (action,) = await session.actions(uri, nowhere, only=only)
        assert action.kind == "source.fixAll.goleash"
        assert applied(text, action, uri) == text.replace("[]byte)", "[]byte, 1)")
    version = session.change(uri, CLEAN)
    await session.shown(uri, 0, version)
    assert await session.actions(uri, nowhere, only=["source.fixAll"]) == []


async def test_a_finding_can_be_suppressed(session):
    uri = session.open("a.go", LEAK)
    (diagnostic,) = await session.shown(uri, 1)
    actions = await session.actions(uri, diagnostic.range, [diagnostic])
    action = titled(actions, "Suppress")
    assert action.kind == QUICK_FIX
    assert [d.data for d in action.diagnostics] == [diagnostic.data]
    text = applied(LEAK, action, uri)
    assert "\n\t\t//goleash:ignore early-return TODO: say why\n\t\tch <- data\n" in text
    version = session.change(uri, text)
    await session.shown(uri, 0, version)


async def test_line_ends_are_kept(session):
    text = LEAK.replace("\n", "\r\n")
    uri = session.open("a.go", text)
    (diagnostic,) = await session.shown(uri, 1)
    actions = await session.actions(uri, diagnostic.range)
    after = applied(text, titled(actions, "Suppress"), uri)
    assert after.count("\n") == after.count("\r\n") == text.count("\r\n") + 1


async def test_a_reason_can_be_typed_over_where_the_editor_can(new_session):
    capabilities = client_capabilities("visual-studio-code")
    capabilities.workspace.workspace_edit.snippet_edit_support = True
    session = await new_session().start(capabilities)
    uri = session.open("a.go", LEAK)
    (diagnostic,) = await session.shown(uri, 1)
    action = titled(await session.actions(uri, diagnostic.range), "Suppress")
    (edit,) = action.edit.document_changes[0].edits
    assert edit.snippet.value == "\t\t//goleash:ignore early-return ${1:reason}\n"


async def test_older_editors_get_edits_without_versions(new_session):
    capabilities = client_capabilities("visual-studio-code")
    capabilities.workspace.workspace_edit.document_changes = False
    session = await new_session().start(capabilities)
    uri = session.open("a.go", LEAK)
    (diagnostic,) = await session.shown(uri, 1)
    action = titled(await session.actions(uri, diagnostic.range), "Suppress")
    assert action.edit.document_changes is None
    assert "goleash:ignore" in applied(LEAK, action, uri)


async def test_actions_are_for_the_newest_text(session):
    uri = session.open("a.go", LEAK)
    (diagnostic,) = await session.shown(uri, 1)
    moved = LEAK.replace("package m", "// moved\npackage m")
    version = session.change(uri, moved)
    # Asked before the new text can have been looked at.
    actions = await session.actions(uri, place(moved, SEND), [diagnostic])
    after = applied(moved, titled(actions, "Suppress"), uri, version)
    assert "\n\t\t//goleash:ignore early-return TODO: say why\n\t\tch <- data\n" in after


async def test_there_is_nothing_to_do_elsewhere(session):
    uri = session.open("a.go", LEAK)
    await session.shown(uri, 1)
    assert await session.actions(uri, place(LEAK, "package")) == []
    other = lsp.Diagnostic(place(LEAK, SEND), "declared and not used", source="compiler", code=7)
    assert await session.actions(uri, place(LEAK, "package"), [other]) == []
    assert await session.actions(session.uri("gone.go"), place(LEAK, SEND)) == []
    assert await session.actions("untitled:1", place(LEAK, SEND)) == []


async def test_only_what_is_asked_for_is_offered(session):
    uri = session.open("a.go", LEAK)
    (diagnostic,) = await session.shown(uri, 1)
    for only, some in [
        ([QUICK_FIX], True),
        (["refactor", "quickfix"], True),
        ([""], True),
        (["quickfix.other"], False),
        (["source.organizeImports"], False),
        (["refactor"], False),
    ]:
        actions = await session.actions(uri, diagnostic.range, [diagnostic], only)
        assert bool([a for a in actions if a.kind == QUICK_FIX]) == some, only


async def test_a_diagnostic_is_enough_to_name_a_finding(session):
    """Neovim names the diagnostics of the line and gives the cursor for the range."""
    uri = session.open("a.go", LEAK)
    (diagnostic,) = await session.shown(uri, 1)
    line = diagnostic.range.start.line
    cursor = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 0))
    assert titled(await session.actions(uri, cursor, [diagnostic]), "Suppress")


async def test_rules_are_explained_in_the_browser(session):
    uri = session.open("a.go", LEAK)
    (diagnostic,) = await session.shown(uri, 1)
    action = titled(await session.actions(uri, diagnostic.range), "Explain")
    params = lsp.ExecuteCommandParams(action.command.command, action.command.arguments)
    answer = await session.client.workspace_execute_command_async(params)
    assert answer["rule"] == "early-return"
    assert answer["url"] == diagnostic.code_description.href
    assert "## How to fix" in answer["markdown"]
    (shown,) = session.client.shown_documents
    assert shown.uri == answer["url"] and shown.external


async def test_rules_are_explained_where_no_browser_is(new_session):
    capabilities = client_capabilities("visual-studio-code")
    capabilities.window.show_document = None
    session = await new_session().start(capabilities)
    params = lsp.ExecuteCommandParams("goleash.explain", ["early-return"])
    await session.client.workspace_execute_command_async(params)
    (message,) = session.client.messages
    assert message.message.startswith("early-return: ")


@pytest.mark.parametrize("arguments", [None, [], ["no-such-rule"], [7]])
async def test_wrong_arguments_are_refused(session, arguments):
    params = lsp.ExecuteCommandParams("goleash.explain", arguments)
    with pytest.raises(Exception, match="goleash.explain|no-such-rule"):
        await session.client.workspace_execute_command_async(params)
    with pytest.raises(Exception, match="no command `goleash.dance`"):
        await session.client.workspace_execute_command_async(
            lsp.ExecuteCommandParams("goleash.dance")
        )
    uri = session.open("a.go", CLEAN)
    await session.shown(uri, 0)
