// The server driven from Node through vscode-jsonrpc, the library that VS Code talks to servers with.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.GOLEASH_NODE_MODULES, "session.js"));
const rpc = require("vscode-jsonrpc/node");

const LEAK = `package m

func wait(stop chan bool) int {
	results := make(chan int)
	go func() {
		results <- 1
	}()
	select {
	case result := <-results:
		return result
	case <-stop:
		return 0
	}
}
`;
const CLEAN = LEAK.replace("chan int)", "chan int, 1)");

const root = realpathSync(mkdtempSync(join(tmpdir(), "goleash-")));
const uri = (name) => pathToFileURL(join(root, name)).href;
let server;
let connection;
const shown = new Map();
let changed = () => {};

function write(name, text) {
  mkdirSync(join(root, name, ".."), { recursive: true });
  writeFileSync(join(root, name), text);
}

async function diagnostics(file, count) {
  while (shown.get(file)?.length !== count) {
    await new Promise((resolve) => {
      changed = resolve;
    });
  }
  return shown.get(file);
}

before(async () => {
  write("go.mod", "module example.com/m\n\ngo 1.27\n");
  server = spawn(process.env.GOLEASH, ["lsp"], { stdio: ["pipe", "pipe", "inherit"] });
  connection = rpc.createMessageConnection(
    new rpc.StreamMessageReader(server.stdout),
    new rpc.StreamMessageWriter(server.stdin),
  );
  connection.onNotification("textDocument/publishDiagnostics", (params) => {
    shown.set(params.uri, params.diagnostics);
    changed();
  });
  connection.onRequest("client/registerCapability", () => null);
  connection.onUnhandledNotification(() => {});
  connection.listen();
  const result = await connection.sendRequest("initialize", {
    processId: process.pid,
    capabilities: {
      general: { positionEncodings: ["utf-8", "utf-16"] },
      textDocument: {
        codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: [] } } },
      },
      workspace: { didChangeWatchedFiles: { dynamicRegistration: true } },
    },
    workspaceFolders: [{ uri: pathToFileURL(root).href, name: "m" }],
  });
  assert.equal(result.serverInfo.name, "goleash");
  assert.match(result.serverInfo.version, /^\d+\.\d+\.\d+/);
  assert.equal(result.capabilities.positionEncoding, "utf-8");
  await connection.sendNotification("initialized", {});
});

after(async () => {
  assert.equal(await connection.sendRequest("shutdown"), null);
  const left = once(server, "exit");
  await connection.sendNotification("exit");
  assert.deepEqual(await left, [0, null]);
  connection.dispose();
  rmSync(root, { recursive: true });
});

test("a finding comes, goes and comes back while somebody types", async () => {
  const file = uri("typed/a.go");
  await connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri: file, languageId: "go", version: 1, text: LEAK },
  });
  const [diagnostic] = await diagnostics(file, 1);
  assert.equal(diagnostic.source, "goleash");
  assert.equal(diagnostic.code, "timeout-send");
  let version = 1;
  for (const text of [CLEAN, LEAK, CLEAN, LEAK]) {
    version += 1;
    await connection.sendNotification("textDocument/didChange", {
      textDocument: { uri: file, version },
      contentChanges: [{ text }],
    });
    await diagnostics(file, text === LEAK ? 1 : 0);
  }
});

test("several requests at once are each answered", async () => {
  const files = ["x", "y", "z"].map((name) => uri(`${name}/a.go`));
  for (const file of files) {
    await connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri: file, languageId: "go", version: 1, text: LEAK },
    });
  }
  const requests = files.flatMap((file) => [
    connection.sendRequest("textDocument/diagnostic", { textDocument: { uri: file } }),
    connection.sendRequest("textDocument/codeAction", {
      textDocument: { uri: file },
      range: { start: { line: 5, character: 2 }, end: { line: 5, character: 2 } },
      context: { diagnostics: [] },
    }),
  ]);
  const answers = await Promise.all(requests);
  for (let i = 0; i < answers.length; i += 2) {
    assert.equal(answers[i].items.length, 1);
    assert.ok(answers[i + 1].some((action) => action.title === "Explain timeout-send"));
  }
});

test("a request can be canceled, and the next one is answered", async () => {
  for (let i = 0; i < 40; i += 1) {
    write(`many/p${i}/a.go`, LEAK);
  }
  const source = new rpc.CancellationTokenSource();
  const request = connection.sendRequest("workspace/diagnostic", { previousResultIds: [] }, source.token);
  source.cancel();
  await request.then(
    (report) => assert.ok(report.items.length >= 40, "answered before the cancellation came"),
    (error) => assert.equal(error.code, -32800),
  );
  const report = await connection.sendRequest("workspace/diagnostic", { previousResultIds: [] });
  assert.ok(report.items.filter((item) => item.items?.length === 1).length >= 40);
});

test("progress and parts of an answer come before its end", async () => {
  const work = new rpc.ProgressType();
  const parts = new rpc.ProgressType();
  const [kinds, items] = [[], []];
  connection.onProgress(work, "w", (value) => kinds.push(value.kind));
  connection.onProgress(parts, "p", (value) => items.push(...value.items));
  const report = await connection.sendRequest("workspace/diagnostic", {
    previousResultIds: [],
    workDoneToken: "w",
    partialResultToken: "p",
  });
  assert.deepEqual(report.items, []);
  assert.equal(kinds[0], "begin");
  assert.equal(kinds.at(-1), "end");
  assert.ok(items.length >= 40);
});

test("what does not exist is refused in the words of JSON-RPC", async () => {
  await assert.rejects(connection.sendRequest("textDocument/rename", {}), (error) => {
    return error.code === rpc.ErrorCodes.MethodNotFound;
  });
  await assert.rejects(connection.sendRequest("textDocument/hover", { nothing: true }), (error) => {
    return error.code === rpc.ErrorCodes.InvalidParams;
  });
});
