"""A session with the server: the binary that GOLEASH names, driven by pytest-lsp as an editor would."""

from __future__ import annotations

import asyncio
import os
import pathlib
import shutil
from typing import Union

import pytest
from lsprotocol import types as lsp
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

GOLEASH = os.environ["GOLEASH"]
SECONDS = 20

GO_MOD = "module example.com/m\n\ngo 1.27\n"

# One finding: the send has no receiver when `create` fails.
LEAK = """\
package m

import "os"

func save(from, to string) error {
	ch := make(chan []byte)
	go func() {
		data, _ := os.ReadFile(from)
		ch <- data
	}()
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(<-ch)
	return err
}
"""
CLEAN = LEAK.replace("make(chan []byte)", "make(chan []byte, 1)")
SEND = "ch <- data"


def place(text: str, what: str, encoding: str = "utf-16") -> lsp.Range:
    """The range of the first `what` in `text`."""
    at = text.index(what)

    def position(offset: int) -> lsp.Position:
        before = text[:offset]
        line = before.count("\n")
        column = before[before.rfind("\n") + 1 :]
        unit = {"utf-8": 1, "utf-16": 2}[encoding]
        width = len(column.encode("utf-8" if unit == 1 else "utf-16-le")) // unit
        return lsp.Position(line, width)

    return lsp.Range(position(at), position(at + len(what)))


def converter():
    """That of the library, which takes a code action with a command for a command."""
    made = default_converter()

    def structure(value, _):
        is_command = isinstance(value.get("command"), str)
        return made.structure(value, lsp.Command if is_command else lsp.CodeAction)

    made.register_structure_hook(Union[lsp.Command, lsp.CodeAction], structure)
    return made


class Session:
    """An editor with some folders open."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        self.command = [GOLEASH, "lsp"]
        self.ends = True
        self.client = LanguageClient(converter_factory=converter)
        self.registered: list[str] = []
        self.progress: list[lsp.ProgressParams] = []
        self.versions: dict[str, int] = {}
        self.pushed: list[lsp.PublishDiagnosticsParams] = []
        self.arrived = asyncio.Event()
        self.result: lsp.InitializeResult | None = None

        def published(client: LanguageClient, params: lsp.PublishDiagnosticsParams):
            self.pushed.append(params)
            self.arrived.set()

        def registered(client: LanguageClient, params: lsp.RegistrationParams):
            self.registered += [registration.method for registration in params.registrations]

        def progress(client: LanguageClient, params: lsp.ProgressParams):
            self.progress.append(params)

        register_lsp_features(
            self.client,
            {
                **DEFAULT_CLIENT_FEATURES,
                lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: published,
                lsp.CLIENT_REGISTER_CAPABILITY: registered,
                lsp.PROGRESS: progress,
            },
        )

    def write(self, name: str, text: str | bytes) -> str:
        """Writes a file on the disk; its URI."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path.as_uri()

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    async def start(self, capabilities=None, folders=None, options=None):
        await self.client.start_io(*self.command)
        if capabilities is None:
            capabilities = client_capabilities("visual-studio-code")
        folders = ["."] if folders is None else folders
        self.result = await self.client.initialize_session(
            lsp.InitializeParams(
                process_id=os.getpid(),
                capabilities=capabilities,
                workspace_folders=[
                    lsp.WorkspaceFolder(uri=self.uri(folder), name=folder) for folder in folders
                ],
                initialization_options=options,
            )
        )
        return self

    def open(self, name: str, text: str, uri: str | None = None) -> str:
        """Opens a buffer."""
        uri = uri or self.uri(name)
        self.versions[uri] = 1
        self.client.text_document_did_open(
            lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "go", 1, text))
        )
        return uri

    def change(self, uri: str, *changes) -> int:
        """Changes a buffer: by its whole text, or by ranges with their new text."""
        self.versions[uri] += 1
        events = [
            lsp.TextDocumentContentChangeWholeDocument(text=change)
            if isinstance(change, str)
            else lsp.TextDocumentContentChangePartial(range=change[0], text=change[1])
            for change in changes
        ]
        self.client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(version=self.versions[uri], uri=uri), events
            )
        )
        return self.versions[uri]

    def save(self, uri: str):
        self.client.text_document_did_save(
            lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(uri))
        )

    def close(self, uri: str):
        self.client.text_document_did_close(
            lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri))
        )

    def disk(self, *changes: tuple[str, lsp.FileChangeType]):
        """Tells of changes on the disk, as a watching client does."""
        self.client.workspace_did_change_watched_files(
            lsp.DidChangeWatchedFilesParams([lsp.FileEvent(*change) for change in changes])
        )

    async def shown(self, uri: str, count: int, version: int | None = None) -> list[lsp.Diagnostic]:
        """Waits until so many diagnostics are shown for a file (of this version)."""

        def now():
            last = [p for p in self.pushed if p.uri == uri][-1:]
            if last and len(last[0].diagnostics) == count and version in (None, last[0].version):
                return last[0]
            return None

        try:
            async with asyncio.timeout(SECONDS):
                while (found := now()) is None:
                    self.arrived.clear()
                    await self.arrived.wait()
        except TimeoutError:
            seen = [(p.uri, p.version, len(p.diagnostics)) for p in self.pushed]
            pytest.fail(f"never {count} diagnostics for {uri}, but {seen}")
        return list(found.diagnostics)

    async def pull(self, uri: str, previous: str | None = None):
        params = lsp.DocumentDiagnosticParams(
            lsp.TextDocumentIdentifier(uri), previous_result_id=previous
        )
        return await asyncio.wait_for(
            self.client.text_document_diagnostic_async(params), SECONDS
        )

    async def actions(self, uri: str, range: lsp.Range, diagnostics=(), only=None):
        params = lsp.CodeActionParams(
            lsp.TextDocumentIdentifier(uri),
            range,
            lsp.CodeActionContext(list(diagnostics), only),
        )
        found = await asyncio.wait_for(
            self.client.text_document_code_action_async(params), SECONDS
        )
        return list(found or [])

    async def hover(self, uri: str, position: lsp.Position):
        params = lsp.HoverParams(lsp.TextDocumentIdentifier(uri), position)
        return await asyncio.wait_for(self.client.text_document_hover_async(params), SECONDS)

    async def stop(self):
        try:
            if self.ends:
                await asyncio.wait_for(self.client.shutdown_session(), SECONDS)
            else:
                await asyncio.wait_for(self.client.shutdown_async(None), SECONDS)
                self.client._server.terminate()
        finally:
            await self.client.stop()


@pytest.fixture
async def new_session(tmp_path):
    """Makes sessions, and ends them properly."""
    root = tmp_path.resolve()
    (root / "go.mod").write_text(GO_MOD)
    sessions = []

    def make(at: pathlib.Path = root) -> Session:
        session = Session(at)
        sessions.append(session)
        return session

    yield make
    for session in sessions:
        if session.result is not None:
            await session.stop()


@pytest.fixture
async def session(new_session):
    """A session that was started in a module, of an editor that shows what it is sent."""
    return await new_session().start()


def pulling(**more) -> lsp.ClientCapabilities:
    """An editor that asks for diagnostics itself."""
    capabilities = client_capabilities("visual-studio-code")
    capabilities.text_document.diagnostic = lsp.DiagnosticClientCapabilities(
        dynamic_registration=True, related_information=True, **more
    )
    capabilities.workspace.diagnostics = lsp.DiagnosticWorkspaceClientCapabilities(
        refresh_support=True
    )
    return capabilities


@pytest.fixture(autouse=True)
def binary():
    assert shutil.which(GOLEASH), f"{GOLEASH} cannot be run"
