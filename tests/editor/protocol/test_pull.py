"""Diagnostics that the editor asks for."""

import asyncio
import re

import pytest
from conftest import CLEAN, LEAK, SECONDS, SEND, place, pulling
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException


@pytest.fixture
async def puller(new_session):
    return await new_session().start(pulling())


async def test_the_server_says_that_it_can_be_asked(puller):
    provider = puller.result.capabilities.diagnostic_provider
    assert provider.inter_file_dependencies
    assert provider.identifier == "goleash"
    assert not provider.workspace_diagnostics


async def test_the_answer_is_for_the_newest_text(puller):
    uri = puller.open("a.go", CLEAN)
    for text, count in [(LEAK, 1), (CLEAN, 0), (LEAK, 1)]:
        puller.change(uri, text)
        report = await puller.pull(uri)
        assert len(report.items) == count
    assert report.items[0].range == place(LEAK, SEND)


async def test_what_did_not_change_is_not_sent_again(puller):
    uri = puller.open("a.go", LEAK)
    first = await puller.pull(uri)
    again = await puller.pull(uri, previous=first.result_id)
    assert again == lsp.RelatedUnchangedDocumentDiagnosticReport(first.result_id)
    # Something else at the same places.
    puller.change(uri, re.sub(r"\bch\b", "results", LEAK))
    changed = await puller.pull(uri, previous=first.result_id)
    assert len(changed.items) == 1 and "`results`" in changed.items[0].message


async def test_nothing_is_shown_twice(puller):
    """What is open is asked for, so only files that are not open are pushed."""
    other = puller.write("b.go", LEAK)
    uri = puller.open("a.go", LEAK.replace("save", "store"))
    assert len((await puller.pull(uri)).items) == 1
    await puller.shown(other, 1)
    puller.open("b.go", LEAK)
    await puller.shown(other, 0)
    assert len((await puller.pull(other)).items) == 1
    assert uri not in {p.uri for p in puller.pushed}
    # Closed again, it is pushed again.
    puller.close(other)
    await puller.shown(other, 1)


async def test_files_nobody_has_open_can_be_asked_for(puller):
    uri = puller.write("a.go", LEAK)
    assert len((await puller.pull(uri)).items) == 1
    assert len((await puller.pull(puller.uri("gone.go"))).items) == 0
    assert len((await puller.pull("untitled:Untitled-1")).items) == 0
    assert len((await puller.pull(puller.uri("vendor/x/a.go"))).items) == 0


async def test_a_request_that_is_not_wanted_any_more_is_answered(puller):
    big = LEAK + "".join(LEAK.split("\n\n", 2)[2].replace("save", f"save{i}") for i in range(200))
    uri = puller.open("a.go", big)
    params = lsp.DocumentDiagnosticParams(lsp.TextDocumentIdentifier(uri))
    request = puller.client.protocol.send_request(lsp.TEXT_DOCUMENT_DIAGNOSTIC, params, msg_id="x")
    puller.client.cancel_request(lsp.CancelParams("x"))
    puller.client.cancel_request(lsp.CancelParams("never asked"))
    with pytest.raises(JsonRpcException) as error:
        await asyncio.wait_for(asyncio.wrap_future(request), SECONDS)
    assert error.value.code == lsp.LSPErrorCodes.RequestCancelled


async def test_changes_on_the_disk_make_the_client_ask_again(puller):
    puller.write("b.go", "package m\n\nfunc newChannel() chan []byte { return make(chan []byte) }\n")
    uri = puller.open("a.go", LEAK.replace("make(chan []byte)", "newChannel()"))
    assert len((await puller.pull(uri)).items) == 1
    before = puller.client.diagnostic_refresh_count
    other = puller.write("b.go", "package m\n\nfunc newChannel() chan []byte { return make(chan []byte, 1) }\n")
    puller.disk((other, lsp.FileChangeType.Changed))
    assert len((await puller.pull(uri)).items) == 0
    assert puller.client.diagnostic_refresh_count > before
