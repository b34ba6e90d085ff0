// Bundles the extension into dist/, or its tests into dist-test/.
import { build } from "esbuild";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const tests = process.argv.includes("--tests");
const production = process.argv.includes("--production");
const outdir = tests ? "dist-test" : "dist";

rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: tests ? readdirSync("test").filter((name) => name.endsWith(".test.ts")).map((name) => join("test", name)) : ["src/extension.ts"],
  outdir,
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  // VS Code brings it.
  external: ["vscode"],
  minify: production,
  sourcemap: production ? false : "linked",
  logLevel: "warning",
});
