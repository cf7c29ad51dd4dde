/** The package as npm packs it, in a folder of its own: STINT_PACKAGE names the archive. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";

const { STINT_PACKAGE, STINT_URL: server } = process.env;
assert.ok(
  STINT_PACKAGE && server,
  "STINT_PACKAGE or STINT_URL is not set; run: make test-clients-typescript",
);

const ROOT = resolve(import.meta.dirname, "../..");
// Relative to the root of the repository.
const archive = resolve(ROOT, "../..", STINT_PACKAGE);
const README = readFileSync(join(ROOT, "README.md"), "utf8");
let folder: string;

/** Return what a command prints. Throws it as an error if the command fails. */
function run(command: string, ...options: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, options, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(stdout + stderr);
  return stdout;
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), "stint-client-"));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  // Offline: the package has no dependencies.
  run("npm", "install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", archive);
});

after(() => rmSync(folder, { recursive: true }));

test("it imports in plain Node", () => {
  const program =
    'import("stint-client").then((package_) => console.log(Object.keys(package_).sort().join()))';
  assert.equal(run("node", "--eval", program).trim(), "Pages,Stint,StintError,redeemPairing,related");
});

test("it contains only what users need", () => {
  const files = run("tar", "-tzf", archive).trim().split("\n");
  for (const name of ["README.md", "CHANGELOG.md", "LICENSE", "dist/index.js", "dist/openapi.d.ts"]) {
    assert.ok(files.includes(`package/${name}`), `${name} is missing`);
  }
  for (const file of files)
    assert.match(file, /^package\/(dist\/[a-z]+\.(js|d\.ts)|[A-Z]+(\.md)?|package\.json)$/);
  const manifest = JSON.parse(readFileSync(join(folder, "node_modules/stint-client/package.json"), "utf8"));
  assert.equal(manifest.dependencies, undefined);
});

test("the README's example for Node works, and prints what it promises", () => {
  const [, code] = /```js\n(import \{ related.*?)```/s.exec(README)!;
  assert.ok(code);
  assert.ok(code.includes("http://127.0.0.1:8000/api/v2"));
  writeFileSync(join(folder, "demo.mjs"), code.replace("http://127.0.0.1:8000/api/v2", server));
  const lines = run("node", "demo.mjs").trim().split("\n");
  assert.match(lines[0]!, /^Hello \w+$/);
  assert.match(lines[1]!, /^timer \d+ runs since 20\d\d-/);
  assert.deepEqual(lines.slice(2, 4), ["working on Development", "stopped after 0 minutes"]);
  assert.match(lines[4]!, /^\d+ minutes this year$/);
  assert.match(lines[5]!, /^invalid_attribute at data\/attributes\/service: /);
  assert.equal(lines.length, 6);
});

test("the example of docs/clients.md works", () => {
  const page = readFileSync(join(ROOT, "../../docs/clients.md"), "utf8");
  const [, code] = /```js\n(import \{ Stint.*?)```/s.exec(page)!;
  writeFileSync(join(folder, "page.mjs"), code!.replace("http://127.0.0.1:8000/api/v2", server));
  assert.match(run("node", "page.mjs"), /^(\d+ \d+\n)+$/);
});

test("the README's other examples compile", () => {
  // Names that the examples take from each other.
  const globals = `
    declare const baseUrl: string, token: string, organizationId: string, code: string, id: string;
    declare const stint: import("stint-client").Stint;
    declare const list: ReturnType<typeof stint.timers.list>;`;
  writeFileSync(join(folder, "globals.d.ts"), globals);
  const examples = [...README.matchAll(/```js\n(.*?)```/gs)].slice(1).map((match) => match[1]!);
  assert.ok(examples.length >= 5);
  const files = examples.map((text, index) => {
    const head = text.includes("import {") ? "" : 'import { Stint } from "stint-client";\n';
    writeFileSync(join(folder, `example${index}.ts`), `${head}${text}`);
    return `example${index}.ts`;
  });
  compile(["globals.d.ts", ...files], "node16");
  compile(["globals.d.ts", ...files], "bundler");
});

test("a user's mistake is a type error", () => {
  const program = 'import type { Stint } from "stint-client";\ndeclare const stint: Stint;\n';
  writeFileSync(join(folder, "mistake.ts"), `${program}void stint.timers.start({ servise_id: "1" });\n`);
  assert.throws(() => compile(["mistake.ts"], "node16"), /servise_id/);
});

function compile(files: string[], moduleResolution: "node16" | "bundler"): void {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: "es2022",
    lib: ["es2022", "dom", "dom.iterable"],
    types: [],
    module: moduleResolution === "node16" ? "node16" : "es2022",
    moduleResolution,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  run(join(ROOT, "node_modules/.bin/tsc"), "--project", folder);
}
