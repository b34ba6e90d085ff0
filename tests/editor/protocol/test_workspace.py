"""Several folders, go.work, and the whole workspace on request."""

import asyncio

from conftest import CLEAN, GO_MOD, LEAK, SECONDS, pulling
from lsprotocol import types as lsp

TWO_HALVES = {
    "a.go": LEAK.replace("make(chan []byte)", "newChannel()"),
    "b.go": "package m\n\nfunc newChannel() chan []byte { return make(chan []byte) }\n",
}


async def everything(session, previous=(), **params):
    params = lsp.WorkspaceDiagnosticParams(
        previous_result_ids=[lsp.PreviousResultId(*known) for known in previous], **params
    )
    return await asyncio.wait_for(session.client.workspace_diagnostic_async(params), SECONDS)


def counts(report) -> dict[str, int]:
    return {item.uri: len(item.items) for item in report.items if item.kind == "full"}


async def test_every_package_of_every_folder_is_looked_at(new_session):
    session = new_session()
    for folder in ["one", "two/deep", "two/vendor/x", "other"]:
        session.write(f"{folder}/a.go", LEAK)
    session.write("two/b.go", CLEAN)
    await session.start(folders=["one", "two"])
    report = await everything(session)
    assert counts(report) == {
        session.uri("one/a.go"): 1,
        session.uri("two/b.go"): 0,
        session.uri("two/deep/a.go"): 1,
    }


async def test_what_did_not_change_is_not_sent_again(new_session):
    session = new_session()
    for name in "abc":
        session.write(f"{name}/a.go", LEAK)
    await session.start()
    first = await everything(session)
    known = [(item.uri, item.result_id) for item in first.items]
    assert counts(await everything(session, known)) == {}
    uri = session.write("b/a.go", CLEAN)
    session.disk((uri, lsp.FileChangeType.Changed))
    again = await everything(session, known)
    assert counts(again) == {uri: 0}
    assert len(again.items) == 3


async def test_buffers_and_new_files_count(new_session):
    session = new_session()
    session.write("a/a.go", LEAK)
    await session.start()
    assert counts(await everything(session)) == {session.uri("a/a.go"): 1}
    session.open("a/a.go", CLEAN)
    new = session.write("new/a.go", LEAK)
    session.disk((new, lsp.FileChangeType.Created))
    assert counts(await everything(session)) == {session.uri("a/a.go"): 0, new: 1}


async def test_progress_and_parts_are_reported(new_session):
    session = new_session()
    for name in "abc":
        session.write(f"{name}/a.go", LEAK)
    await session.start()
    report = await everything(session, work_done_token="work", partial_result_token="parts")
    assert not report.items
    parts = [(params.token, params.value) for params in session.progress]
    kinds = [value["kind"] for token, value in parts if token == "work"]
    assert kinds[0] == "begin" and kinds[-1] == "end" and kinds.count("report") == 3
    percentages = [v["percentage"] for t, v in parts if t == "work" and v["kind"] == "report"]
    assert percentages == sorted(percentages) and percentages[-1] == 100
    uris = [item["uri"] for token, value in parts if token == "parts" for item in value["items"]]
    assert sorted(uris) == [session.uri(f"{name}/a.go") for name in "abc"]


async def test_the_command_shows_everything_and_keeps_an_eye_on_it(new_session):
    session = new_session()
    uri = session.write("far/away/a.go", LEAK)
    await session.start()
    answer = await session.client.workspace_execute_command_async(
        lsp.ExecuteCommandParams("goleash.checkWorkspace")
    )
    assert answer == {"packages": 1, "findings": 1}
    await session.shown(uri, 1)
    session.write("far/away/a.go", CLEAN)
    session.disk((uri, lsp.FileChangeType.Changed))
    await session.shown(uri, 0)


async def test_the_progress_of_the_command_waits_for_the_client(new_session):
    session = new_session()
    session.write("a.go", LEAK)
    capabilities = pulling()
    capabilities.window.work_done_progress = True
    await session.start(capabilities)
    await session.client.workspace_execute_command_async(
        lsp.ExecuteCommandParams("goleash.checkWorkspace")
    )
    # Only tokens that the client has agreed to are used; it may have done so too late for this small sweep.
    assert {params.token for params in session.progress} <= set(session.client.progress_reports)


async def test_the_client_is_asked_to_watch_what_matters(session):
    await session.shown(session.open("a.go", LEAK), 1)
    assert "workspace/didChangeWatchedFiles" in session.registered


async def test_modules_of_a_go_work_belong_to_it(new_session):
    session = new_session()
    session.write("work/go.work", "go 1.27\n\nuse (\n\t./inside\n\t../beside\n)\n")
    for name in ["work/inside", "beside", "other"]:
        session.write(f"{name}/go.mod", GO_MOD)
        session.write(f"{name}/a.go", LEAK)
    await session.start(folders=["work"])
    assert counts(await everything(session)) == {
        session.uri("work/inside/a.go"): 1,
        session.uri("beside/a.go"): 1,
    }


async def test_folders_come_and_go(new_session):
    session = new_session()
    for name in ["one", "two"]:
        session.write(f"{name}/a.go", LEAK)
    await session.start(folders=["one"])
    folder = [lsp.WorkspaceFolder(session.uri(name), name) for name in ["one", "two"]]
    session.client.workspace_did_change_workspace_folders(
        lsp.DidChangeWorkspaceFoldersParams(
            lsp.WorkspaceFoldersChangeEvent(added=[folder[1]], removed=[folder[0]])
        )
    )
    assert counts(await everything(session)) == {session.uri("two/a.go"): 1}


async def test_a_sweep_can_be_canceled(new_session):
    session = new_session()
    for i in range(50):
        session.write(f"p{i}/a.go", LEAK)
    await session.start()
    params = lsp.WorkspaceDiagnosticParams(previous_result_ids=[])
    request = session.client.protocol.send_request(lsp.WORKSPACE_DIAGNOSTIC, params, msg_id="x")
    session.client.cancel_request(lsp.CancelParams("x"))
    try:
        await asyncio.wait_for(asyncio.wrap_future(request), SECONDS)
    except Exception as error:
        assert error.code == lsp.LSPErrorCodes.RequestCancelled
    assert len((await everything(session)).items) == 50


async def test_offered_to_editors_only_on_request(new_session):
    session = await new_session().start(pulling(), options={"workspaceDiagnostics": True})
    assert session.result.capabilities.diagnostic_provider.workspace_diagnostics


async def test_a_file_in_no_folder_is_served_too(new_session):
    session = await new_session().start(folders=[])
    for name, text in TWO_HALVES.items():
        session.write(name, text)
    session.open("b.go", TWO_HALVES["b.go"])
    await session.shown(session.uri("a.go"), 1)
    assert counts(await everything(session)) == {}
