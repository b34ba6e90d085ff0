"""Whatever comes in, the server answers what follows."""

import json
import os
import pathlib
import random
import subprocess
import threading

import pytest
from conftest import CLEAN, GO_MOD, GOLEASH, LEAK, SECONDS


class Wire:
    """The server by its bare streams, for messages that no client library would send."""

    def __init__(self, root: pathlib.Path, start: bool = True):
        self.root = root
        self.process = subprocess.Popen(
            [GOLEASH, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.errors = []
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()
        # Nothing may hang for ever.
        self.timer = threading.Timer(3 * SECONDS, self.process.kill)
        self.timer.start()
        self.next = 0
        if start:
            folder = {"uri": root.as_uri(), "name": "x"}
            self.ask("initialize", processId=None, capabilities={}, workspaceFolders=[folder])
            self.tell("initialized")

    def raw(self, data: bytes):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        body = json.dumps(message).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def tell(self, method, **params):
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def read(self):
        size = None
        while (line := self.process.stdout.readline()) != b"\r\n":
            assert line, f"the server is gone: {b''.join(self.errors).decode()}"
            if line.startswith(b"Content-Length: "):
                size = int(line[16:])
        return json.loads(self.process.stdout.read(size))

    def until(self, wanted):
        while not wanted(message := self.read()):
            pass
        return message

    def ask(self, method, **params):
        self.next += 1
        id = self.next
        self.send({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        return self.until(lambda m: m.get("id") == id and "method" not in m)

    def open(self, name, text, uri=None):
        uri = (self.root / name).as_uri() if uri is None else uri
        document = {"uri": uri, "languageId": "go", "version": 1, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)
        return uri

    def change(self, uri, version, *changes):
        document = {"uri": uri, "version": version}
        self.tell("textDocument/didChange", textDocument=document, contentChanges=changes)

    def shown(self, uri, count):
        def wanted(message):
            params = message.get("params", {})
            return params.get("uri") == uri and len(params.get("diagnostics", [])) == count

        return self.until(wanted)["params"]["diagnostics"]

    def works(self):
        """The server still does what it is for."""
        uri = self.open("works/a.go", LEAK)
        self.shown(uri, 1)
        self.tell("textDocument/didClose", textDocument={"uri": uri})
        self.shown(uri, 0)

    def leave(self) -> int:
        self.ask("shutdown")
        self.tell("exit")
        return self.process.wait(SECONDS)


@pytest.fixture
def wire(tmp_path):
    root = tmp_path.resolve()
    (root / "go.mod").write_text(GO_MOD)
    wire = Wire(root)
    yield wire
    wire.timer.cancel()
    wire.process.kill()
    wire.process.wait()


def test_it_leaves_when_it_is_told_to(wire):
    wire.works()
    assert wire.leave() == 0


def test_leaving_without_a_word_is_a_failure(wire):
    wire.tell("exit")
    # The code that the protocol asks for.
    assert wire.process.wait(SECONDS) == 1


def test_a_client_that_vanishes_takes_the_server_with_it(wire):
    wire.open("a.go", LEAK)
    wire.process.stdin.close()
    wire.process.stdout.close()
    assert wire.process.wait(SECONDS) == 1


def test_a_client_that_does_not_listen_keeps_nothing_from_ending(wire):
    for i in range(200):
        wire.open(f"p{i}/a.go", LEAK * 1)
    wire.process.stdin.close()
    assert wire.process.wait(SECONDS) == 1


def test_nothing_is_served_before_initialize_and_after_shutdown(tmp_path):
    wire = Wire(tmp_path.resolve(), start=False)
    wire.tell("textDocument/didOpen", textDocument={})
    assert wire.ask("textDocument/hover")["error"]["code"] == -32002
    assert "capabilities" in wire.ask("initialize", capabilities={})["result"]
    assert wire.ask("initialize", capabilities={})["error"]["code"] == -32600
    # `initialized` does not come at all.
    wire.works()
    assert wire.ask("shutdown")["result"] is None
    assert wire.ask("shutdown")["error"]["code"] == -32600
    assert wire.ask("textDocument/hover")["error"]["code"] == -32600
    wire.tell("exit")
    assert wire.process.wait(SECONDS) == 0
    wire.timer.cancel()


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n\r\n",
        b"Content-Length: abc\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: 888888888888\r\n\r\n",
        b"Content-Length: 5\r\n\r\nhello",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 2\r\n\r\n\xff\xfe",
        b"\r\n\r\n\r\n",
        b"\x00\x01\x02\r\n",
        b"Content-Length: 9\r\n\r\n{\"id\": 1}",
        b"Content-Length: 40\r\n\r\n" + b'{"jsonrpc":"2.0","id":77,"result":null}\n',
    ],
)
def test_garbage_is_passed_over(wire, garbage):
    wire.raw(garbage)
    wire.works()
    assert wire.leave() == 0


@pytest.mark.parametrize("id", [1.5, 2**40, [], {"a": 1}, True])
def test_requests_with_odd_ids_are_answered(wire, id):
    wire.send({"jsonrpc": "2.0", "id": id, "method": "textDocument/hover", "params": {}})
    answer = wire.until(lambda m: "method" not in m and m["id"] == id)
    assert answer["error"]["code"] == -32600
    wire.works()


@pytest.mark.parametrize(
    "method",
    [
        "textDocument/diagnostic",
        "workspace/diagnostic",
        "textDocument/codeAction",
        "textDocument/hover",
        "workspace/executeCommand",
    ],
)
def test_requests_without_sense_are_refused(wire, method):
    for params in [{}, {"textDocument": 7}, {"range": {"start": -1}}, {"command": None}]:
        assert wire.ask(method, **params)["error"]["code"] == -32602
    assert wire.ask(method + "/x")["error"]["code"] == -32601
    wire.works()


def test_notifications_without_sense_are_passed_over(wire):
    names = ["didOpen", "didChange", "didSave", "didClose"]
    names = [f"textDocument/{name}" for name in names]
    names += [f"workspace/{name}" for name in ["didChangeWatchedFiles", "didChangeWorkspaceFolders"]]
    for method in [*names, "workspace/didChangeConfiguration", "$/cancelRequest", "$/x", "x"]:
        for params in [{}, {"textDocument": []}, {"changes": 3}, {"event": {"added": [1]}}, {"settings": 3}]:
            wire.tell(method, **params)
        wire.send({"jsonrpc": "2.0", "method": method})
        wire.send({"jsonrpc": "2.0", "method": method, "params": [1, None]})
    wire.works()


def test_text_synchronisation_out_of_order(wire):
    uri = (wire.root / "a.go").as_uri()
    wire.change(uri, 2, {"text": LEAK})
    wire.tell("textDocument/didSave", textDocument={"uri": uri})
    wire.tell("textDocument/didClose", textDocument={"uri": uri})
    wire.open("a.go", CLEAN)
    wire.open("a.go", LEAK)
    wire.shown(uri, 1)
    far = {"start": {"line": 99, "character": 99}, "end": {"line": 999, "character": 0}}
    wire.change(uri, 1, {"range": far, "text": "\n// more\n"})
    backwards = {"start": {"line": 5, "character": 0}, "end": {"line": 1, "character": 0}}
    wire.change(uri, 0, {"range": backwards, "text": "// in between\n"})
    wire.shown(uri, 1)
    wire.tell("textDocument/didClose", textDocument={"uri": uri})
    wire.tell("textDocument/didClose", textDocument={"uri": uri})
    wire.shown(uri, 0)
    wire.works()


def test_paths_need_not_be_utf_8(wire):
    folder = os.fsencode(wire.root) + b"/not \xff utf-8"
    os.mkdir(folder)
    with open(folder + b"/b\xfe.go", "wb") as file:
        file.write(LEAK.replace("make(chan []byte)", "newChannel()").encode())
    uri = wire.open(None, CLEAN, wire.root.as_uri() + "/not%20%FF%20utf-8/a%FF.go")
    wire.shown(uri, 0)
    wire.change(uri, 2, {"text": "package m\n\nfunc newChannel() chan []byte { return make(chan []byte) }\n"})
    wire.shown(wire.root.as_uri() + "/not%20%FF%20utf-8/b%FE.go", 1)
    wire.works()


@pytest.mark.parametrize(
    "uri",
    ["", "file:", "file://", "file:///", "file:///a.go/", "untitled:Untitled-1", "git:/a.go?x", "\u0000", "file:///%00.go", "ü:ü"],
)
def test_odd_uris(wire, uri):
    wire.open(None, LEAK, uri)
    wire.change(uri, 2, {"text": CLEAN})
    wire.ask("textDocument/diagnostic", textDocument={"uri": uri})
    wire.ask("textDocument/hover", textDocument={"uri": uri}, position={"line": 0, "character": 0})
    wire.tell("textDocument/didClose", textDocument={"uri": uri})
    wire.works()


def test_a_huge_file(wire):
    body = LEAK.split("\n\n", 2)[2]
    text = LEAK + "".join(body.replace("save", f"save{i}") for i in range(3000))
    assert len(text) > 700_000
    uri = wire.open("a.go", text)
    assert len(wire.shown(uri, 3001)) == 3001
    # More than the parser is willing to read.
    wire.change(uri, 2, {"text": "package m\n" + "// x\n" * 4_000_000})
    wire.shown(uri, 0)
    wire.works()


def test_broken_syntax_while_typing(wire):
    """Any prefix of a file, and anything in the middle of it, on the way to a whole one."""
    dice = random.Random(27)
    uri = wire.open("a.go", "")
    version = 1
    pieces = list("(){}[]<-;,.\n\t\"`'/*") + ["func", "select", "go ", "chan", "for range", "case", "/*"]
    for _ in range(300):
        version += 1
        cut = dice.randrange(len(LEAK))
        end = dice.randrange(cut, len(LEAK) + 1)
        junk = "".join(dice.choice(pieces) for _ in range(dice.randrange(12)))
        wire.change(uri, version, {"text": LEAK[:cut] + junk + LEAK[end:]})
        if version % 50 == 0:
            assert "result" in wire.ask("textDocument/diagnostic", textDocument={"uri": uri})
    wire.change(uri, version + 1, {"text": LEAK})
    wire.shown(uri, 1)
    wire.works()


def test_two_clients_do_not_know_of_each_other(wire, tmp_path):
    other = Wire(tmp_path.resolve())
    uri = wire.open("a.go", LEAK)
    other.open("a.go", CLEAN)
    wire.shown(uri, 1)
    other.shown(uri, 0)
    assert wire.leave() == other.leave() == 0
    other.timer.cancel()
