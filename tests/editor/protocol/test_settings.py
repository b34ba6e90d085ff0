"""What the user sets in the editor, and when it is read."""

import asyncio
import subprocess

from conftest import CLEAN, GOLEASH, LEAK, SECONDS, place
from lsprotocol import types as lsp
from pytest_lsp import client_capabilities

# Needs the assumption that there is more than one item.
UNSURE = """\
package m

func first(items []int) int {
	out := make(chan int)
	for _, item := range items {
		go func() {
			out <- item * item
		}()
	}
	return <-out
}
"""


def without_configuration() -> lsp.ClientCapabilities:
    capabilities = client_capabilities("visual-studio-code")
    capabilities.workspace.configuration = False
    return capabilities


def set(session, settings):
    session.client.workspace_did_change_configuration(
        lsp.DidChangeConfigurationParams(settings)
    )


async def test_settings_come_with_initialize(new_session):
    session = await new_session().start(options={"tests": False})
    uri = session.open("a_test.go", LEAK)
    assert await session.shown(uri, 0) == []


async def test_confidence_can_be_chosen(new_session):
    for level, count in [("medium", 1), ("high", 0)]:
        session = await new_session().start(options={"minConfidence": level})
        uri = session.open(f"{level}/a.go", UNSURE)
        assert len(await session.shown(uri, count)) == count


async def test_settings_can_be_sent_later(new_session):
    session = await new_session().start(without_configuration())
    uri = session.open("a_test.go", LEAK)
    await session.shown(uri, 1)
    set(session, {"goleash": {"tests": False}})
    await session.shown(uri, 0)
    set(session, {"goleash": {"enable": False}})
    set(session, {"goleash": None})
    await session.shown(uri, 1)


async def test_settings_are_fetched_where_they_can_be(new_session):
    session = await new_session().start()
    uri = session.open("a_test.go", LEAK)
    await session.shown(uri, 1)
    session.client.set_configuration({"goleash": {"tests": False}})
    set(session, None)
    await session.shown(uri, 0)


async def test_it_can_be_switched_off_and_on(new_session):
    session = await new_session().start(without_configuration())
    uri = session.open("a.go", LEAK)
    await session.shown(uri, 1)
    set(session, {"goleash": {"enable": False}})
    await session.shown(uri, 0)
    session.change(uri, LEAK + "\n")
    set(session, {"goleash": {"enable": True}})
    await session.shown(uri, 1, version=2)


async def test_on_save_only(new_session):
    session = await new_session().start(options={"run": "onSave"})
    uri = session.open("a.go", CLEAN)
    await session.shown(uri, 0)
    session.change(uri, (place(CLEAN, ", 1)"), ")"))
    # Another file brings proof that the change has been passed over.
    other = session.open("b/b.go", LEAK)
    await session.shown(other, 1)
    await session.shown(uri, 0)
    session.save(uri)
    await session.shown(uri, 1)


async def test_wrong_settings_are_told_and_change_nothing(new_session):
    session = await new_session().start(without_configuration(), options={"run": "sometimes"})
    (message,) = session.client.messages
    assert "sometimes" in message.message and "onSave" in message.message
    uri = session.open("a.go", LEAK)
    await session.shown(uri, 1)
    set(session, {"goleash": {"minConfidence": 3}})
    session.change(uri, LEAK + "\n")
    await session.shown(uri, 1, version=2)
    assert len(session.client.messages) == 2


async def test_the_configuration_of_the_project_holds_and_is_read_again(session):
    uri = session.open("a.go", LEAK)
    await session.shown(uri, 1)
    config = session.write("goleash.toml", "[rules]\nearly-return = \"off\"\n")
    session.disk((config, lsp.FileChangeType.Created))
    await session.shown(uri, 0)
    session.write("goleash.toml", "[rules]\nearly-return = \"error\"\n")
    session.save(config)
    (diagnostic,) = await session.shown(uri, 1)
    assert diagnostic.severity == lsp.DiagnosticSeverity.Error
    # What the user sets in the editor comes after what the project says.
    session.write("goleash.toml", "min-confidence = \"high\"\ntests = false\n")
    session.disk((config, lsp.FileChangeType.Changed))
    tests = session.open("a_test.go", LEAK.replace("save", "load"))
    await session.shown(tests, 0)
    session.client.set_configuration({"goleash": {"tests": True}})
    set(session, None)
    await session.shown(tests, 1)
    (session.root / "goleash.toml").unlink()
    session.disk((config, lsp.FileChangeType.Deleted))
    await session.shown(uri, 1)


async def test_a_mistake_in_the_configuration_is_told_once_and_holds_nothing_up(session):
    session.write("goleash.toml", "tests = true\nrulez = {}\n")
    for name in "abc":
        await session.shown(session.open(f"{name}/a.go", LEAK), 1)
    (message,) = session.client.messages
    assert "goleash.toml:2" in message.message and "rulez" in message.message
    assert message.type == lsp.MessageType.Warning


async def test_suppressing_comments_hold(session):
    suppressed = LEAK.replace("\t\tch <-", "\t\t//goleash:ignore early-return it is fine here\n\t\tch <-")
    uri = session.open("a.go", suppressed)
    await session.shown(uri, 0)
    version = session.change(uri, LEAK)
    await session.shown(uri, 1, version)
    # A comment without a reason is a finding of its own.
    version = session.change(uri, suppressed.replace(" it is fine here", ""))
    (remark,) = await session.shown(uri, 1, version)
    assert remark.code == "suppression-no-reason"


async def test_the_baseline_holds_and_is_read_again(session):
    session.write("a.go", LEAK)
    create = [GOLEASH, "baseline", "create"]
    subprocess.run(create, cwd=session.root, check=True, capture_output=True)
    session.write("goleash.toml", 'baseline = "goleash-baseline.json"\n')
    uri = session.open("a.go", LEAK)
    await session.shown(uri, 0)
    # What is accepted stays accepted where it moves to; what is new is shown.
    more = LEAK.split("\n\n", 2)[2].replace("save", "load")
    version = session.change(uri, LEAK.replace("package m\n", "// moved\npackage m\n") + more)
    (diagnostic,) = await session.shown(uri, 1, version)
    assert diagnostic.range.start.line > len(LEAK.splitlines())
    (session.root / "goleash-baseline.json").write_text('{"version": 1, "findings": []}')
    session.disk((session.uri("goleash-baseline.json"), lsp.FileChangeType.Changed))
    await session.shown(uri, 2)
    (session.root / "goleash-baseline.json").write_text("{")
    session.disk((session.uri("goleash-baseline.json"), lsp.FileChangeType.Changed))
    async with asyncio.timeout(SECONDS):
        while not any("goleash-baseline.json:1" in m.message for m in session.client.messages):
            await asyncio.sleep(0.02)
    await session.shown(uri, 2)
