// The extension as it is packed, with the real server and a stand-in for VS Code.

import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import Module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import manifest from "../package.json";
import { makeVscode } from "./vscode";

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

type Load = (request: string, parent: unknown, isMain: boolean) => unknown;
interface Extension {
  activate(context: { subscriptions: { dispose(): unknown }[] }): Promise<void>;
  deactivate(): Promise<void>;
}

/** Loads the extension anew, with `vscode` for what VS Code would bring. */
function load(vscode: unknown): Extension {
  const loader = Module as unknown as { _load: Load };
  const original = loader._load;
  const bundle = join(__dirname, "../dist/extension.js");
  Reflect.deleteProperty(require.cache, bundle);
  loader._load = (request, parent, isMain) =>
    request === "vscode" ? vscode : original.call(loader, request, parent, isMain);
  try {
    return original.call(loader, bundle, module, false) as Extension;
  } finally {
    loader._load = original;
  }
}

function project(): { folder: string; file: string } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "goleash-")));
  const file = join(folder, "a.go");
  writeFileSync(join(folder, "go.mod"), "module m\n\ngo 1.27\n");
  writeFileSync(file, LEAK);
  return { folder, file };
}

const path = process.env.GOLEASH;

test("the server is started, shows findings and tells its version", { skip: path === undefined }, async () => {
  const { folder, file } = project();
  const vscode = makeVscode(folder, file, LEAK, { "goleash.path": path });
  const subscriptions: { dispose(): unknown }[] = [];
  const extension = load(vscode.api);
  await extension.activate({ subscriptions });
  assert.deepEqual(vscode.errors, []);
  assert.equal(vscode.status.text, `$(check) goleash ${manifest.version}`);
  assert.equal(vscode.status.detail, path);

  const uri = pathToFileURL(file).href;
  while (vscode.shown.get(uri)?.length !== 1) {
    await new Promise<void>((resolve) => {
      vscode.changed(() => {
        resolve();
      });
    });
  }
  const [diagnostic] = vscode.shown.get(uri) ?? [];
  assert.equal(diagnostic?.source, "goleash");
  assert.match(diagnostic.message, /`results`/);
  assert.ok(diagnostic.relatedInformation?.length);

  await vscode.commands.get("goleash.showVersion")?.();
  assert.deepEqual(vscode.messages, [`goleash ${manifest.version} (${path ?? ""})`]);
  await vscode.commands.get("goleash.restart")?.();
  assert.equal(vscode.status.text, `$(check) goleash ${manifest.version}`);
  for (const { command } of manifest.contributes.commands) {
    assert.ok(vscode.commands.has(command), `nobody answers ${command}`);
  }
  await extension.deactivate();
  rmSync(folder, { recursive: true });
});

test("a program that is not there is told with what to do", async () => {
  const { folder, file } = project();
  const vscode = makeVscode(folder, file, LEAK, { "goleash.path": "~/no/such/goleash" });
  const extension = load(vscode.api);
  await extension.activate({ subscriptions: [] });
  assert.ok(vscode.errors.some((line) => line.includes("not installed")), vscode.errors.join("\n"));
  assert.match(vscode.status.text, /error/);
  await extension.deactivate();
  rmSync(folder, { recursive: true });
});
