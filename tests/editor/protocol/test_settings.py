"""What the user sets in the editor, and when it is read."""

from conftest import CLEAN, LEAK, place
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
