import assert from "node:assert/strict";
import { test } from "node:test";
import manifest from "../package.json";
import { RESTARTING, expand, launch, whyNot } from "../src/settings";

const places = { home: "/home/a", workspaceFolder: "/projects/b" };

test("variables in paths are replaced", () => {
  assert.equal(expand("~/bin/goleash", places), "/home/a/bin/goleash");
  assert.equal(expand("~", places), "/home/a");
  assert.equal(expand("~other/x", places), "~other/x");
  assert.equal(expand("${workspaceFolder}/bin/goleash", places), "/projects/b/bin/goleash");
  assert.equal(expand("${workspaceFolder}/x", { home: "/h", workspaceFolder: undefined }), "/x");
});

test("an empty path means the program on the path", () => {
  const settings = { path: "  ", arguments: ["lsp"], environment: { A: "b" } };
  assert.deepEqual(launch(settings, places), { command: "goleash", args: ["lsp"], env: { A: "b" } });
});

test("a missing program is told apart from a broken one", () => {
  const missing = Object.assign(new Error("spawn x ENOENT"), { code: "ENOENT" });
  assert.match(whyNot("x", missing), /not installed.*goleash\.path.*`x`/);
  assert.match(whyNot("x", new Error("boom")), /could not be started: boom/);
});

test("every setting that is used is one that VS Code shows", () => {
  const known = Object.keys(manifest.contributes.configuration.properties);
  for (const setting of RESTARTING) {
    assert.ok(known.includes(setting), setting);
  }
});
