"""What is shown, when it is shown and when it is taken back."""

import pathlib
import shutil

import pytest
from conftest import CLEAN, GO_MOD, LEAK, SEND, place
from lsprotocol import types as lsp
from pytest_lsp import client_capabilities


async def test_a_finding_is_shown_with_everything_an_editor_can_use(session):
    uri = session.open("a.go", LEAK)
    (diagnostic,) = await session.shown(uri, 1, version=1)
    assert diagnostic.range == place(LEAK, SEND)
    assert diagnostic.source == "goleash"
    assert diagnostic.code == "early-return"
    assert diagnostic.code_description.href.endswith("/rules/early-return.md")
    assert diagnostic.severity == lsp.DiagnosticSeverity.Warning
    assert "`ch`" in diagnostic.message
    assert diagnostic.data["rule"] == "early-return"
    assert len(diagnostic.data["fingerprint"]) == 16
    related = {(i.location.uri, i.location.range.start.line) for i in diagnostic.related_information}
    lines = LEAK.splitlines()
    for what in ["\tch := make(chan []byte)", "\tgo func() {", "\t\treturn err"]:
        assert (uri, lines.index(what)) in related, what


async def test_typing_is_followed(session):
    uri = session.open("a.go", CLEAN)
    assert await session.shown(uri, 0) == []
    room = place(CLEAN, ", 1)")
    version = session.change(uri, (room, ")"))
    await session.shown(uri, 1, version)
    # Further down in the file, in the middle of a word, and in several steps at once.
    version = session.change(uri, (place(LEAK, "package m"), "// one\n// two\npackage m"))
    (diagnostic,) = await session.shown(uri, 1, version)
    assert diagnostic.range.start.line == place(LEAK, SEND).start.line + 2
    version = session.change(uri, LEAK, (place(LEAK, ")\n\tgo func"), ", 1)\n\tgo func"))
    await session.shown(uri, 0, version)


@pytest.mark.parametrize(
    "typed",
    ['import "net/ht', "var x = call(", 'var x = "', "type T struct {", "func typed(n in", "func typed(n int) {", "/*"],
)
async def test_what_is_half_typed_hides_nothing(session, typed):
    uri = session.open("a.go", LEAK)
    await session.shown(uri, 1, version=1)
    version = session.change(uri, LEAK.replace("func save", f"{typed}\n\nfunc save"))
    (diagnostic,) = await session.shown(uri, 1, version)
    assert diagnostic.range.start.line == place(LEAK, SEND).start.line + 2 + typed.count("\n")


async def test_all_files_of_a_package_are_shown_and_taken_back(session):
    half = LEAK.replace("make(chan []byte)", "newChannel()")
    other = "package m\n\nfunc newChannel() chan []byte { return make(chan []byte) }\n"
    closed = session.write("a.go", half)
    uri = session.open("b.go", other)
    await session.shown(closed, 1)
    session.change(uri, other.replace("[]byte)", "[]byte, 1)"))
    await session.shown(closed, 0)
    session.change(uri, other)
    await session.shown(closed, 1)
    # With the last open file the package is forgotten.
    session.close(uri)
    await session.shown(closed, 0)


async def test_what_is_not_saved_lies_over_the_disk(session):
    uri = session.write("a.go", LEAK)
    session.open("a.go", CLEAN)
    await session.shown(uri, 0)
    session.close(uri)
    session.open("a.go", LEAK)
    await session.shown(uri, 1)


async def test_a_file_that_was_never_saved_belongs_to_its_package(session):
    session.write("a.go", LEAK.replace("make(chan []byte)", "newChannel()"))
    closed = session.uri("a.go")
    session.open("new.go", "package m\n\nfunc newChannel() chan []byte { return make(chan []byte) }\n")
    await session.shown(closed, 1)


async def test_changes_on_the_disk_are_seen(session):
    closed = session.write("a.go", LEAK)
    uri = session.open("b.go", "package m\n")
    await session.shown(closed, 1)
    session.write("a.go", CLEAN)
    session.disk((closed, lsp.FileChangeType.Changed))
    await session.shown(closed, 0)
    renamed = session.write("c.go", LEAK)
    session.disk((renamed, lsp.FileChangeType.Created))
    await session.shown(renamed, 1)
    (session.root / "c.go").unlink()
    session.disk((renamed, lsp.FileChangeType.Deleted))
    await session.shown(renamed, 0)
    await session.shown(uri, 0)


async def test_a_folder_that_is_deleted_under_its_buffers(session):
    session.write("p/a.go", LEAK)
    session.write("p/b.go", "package m\n")
    uri = session.open("p/b.go", "package m\n")
    await session.shown(session.uri("p/a.go"), 1)
    shutil.rmtree(session.root / "p")
    session.disk((session.uri("p"), lsp.FileChangeType.Deleted))
    await session.shown(session.uri("p/a.go"), 0)
    # The buffer is all that is left of the package, and still served.
    version = session.change(uri, LEAK)
    await session.shown(uri, 1, version)


# Until Go 1.22 both goroutines send on the second gate.
GATES = """\
package m

func run() {
	gates := []chan int{make(chan int), make(chan int)}
	for _, gate := range gates {
		go func() {
			gate <- 1
		}()
	}
	<-gates[0]
	<-gates[1]
}
"""


async def test_the_language_version_is_that_of_go_mod(session):
    uri = session.open("a.go", GATES)
    await session.shown(uri, 0)
    mod = session.write("go.mod", GO_MOD.replace("1.27", "1.20"))
    session.disk((mod, lsp.FileChangeType.Changed))
    await session.shown(uri, 2)
    session.write("go.mod", GO_MOD)
    session.save(mod)
    await session.shown(uri, 0)


async def test_code_of_others_is_left_alone(session):
    for name in ["vendor/x/a.go", "node_modules/x/a.go"]:
        session.open(name, LEAK)
    uri = session.open("testdata/a.go", LEAK)
    await session.shown(uri, 1)
    assert {p.uri for p in session.pushed} == {uri}


async def test_generated_files_and_other_platforms_are_silent(session):
    names = {"gen.go": "// Code generated by x. DO NOT EDIT.\n" + LEAK, "a_plan9.go": LEAK}
    for name, text in names.items():
        uri = session.open(f"{name.partition('.')[0]}/{name}", text)
        assert await session.shown(uri, 0) == []


async def test_an_editor_without_extras_gets_none(new_session):
    session = await new_session().start(lsp.ClientCapabilities())
    uri = session.open("a.go", LEAK)
    (diagnostic,) = await session.shown(uri, 1)
    assert diagnostic.related_information is None


async def test_links_are_followed_and_spelled_as_the_client_does(new_session, tmp_path):
    real = tmp_path.resolve() / "real"
    real.mkdir()
    link = tmp_path.resolve() / "link"
    link.symlink_to(real, target_is_directory=True)
    session = new_session(link)
    session.write("go.mod", GO_MOD)
    session.write("a.go", LEAK)
    await session.start()
    uri = session.open("b.go", "package m\n")
    assert pathlib.Path(session.root).is_symlink()
    await session.shown(uri, 0)
    await session.shown(session.uri("a.go"), 1)


async def test_every_recorded_editor_is_served(new_session):
    for name in ["emacs", "neovim@0.6", "neovim@0.9", "neovim@0.10", "neovim@0.11", "visual-studio-code"]:
        session = await new_session().start(client_capabilities(name))
        uri = session.open(f"{name.replace('@', '')}/a.go", LEAK)
        if session.client.capabilities.text_document.diagnostic:
            report = await session.pull(uri)
            assert len(report.items) == 1, name
        else:
            assert len(await session.shown(uri, 1)) == 1, name
