#!/usr/bin/env node
// usage: node npm/pack.js OUT PLATFORM=BINARY…     (PLATFORM as node names it: linux-x64, darwin-arm64, win32-x64)
//
// Lays out the packages for npm in OUT: one for each platform, which holds the binary, and the one that people install.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const [out, ...platforms] = process.argv.slice(2);
const root = path.join(__dirname, "..");
const version = /^version = "(.+)"$/m.exec(fs.readFileSync(path.join(root, "Cargo.toml"), "utf8"))[1];
const main = JSON.parse(fs.readFileSync(path.join(__dirname, "package.json"), "utf8"));

/** Writes one package. */
function lay(dir, manifest, files) {
  fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(path.join(dir, "package.json"), JSON.stringify(manifest, null, 2) + "\n");
  for (const [name, from, mode] of files) {
    fs.copyFileSync(from, path.join(dir, name));
    fs.chmodSync(path.join(dir, name), mode);
  }
  fs.copyFileSync(path.join(root, "LICENSE"), path.join(dir, "LICENSE"));
}

const optionalDependencies = {};
for (const platform of platforms) {
  const [key, binary] = platform.split("=");
  const [os, cpu] = key.split("-");
  const file = os === "win32" ? "grpc-guard.exe" : "grpc-guard";
  const { license, repository, description } = main;
  const manifest = { name: `@grpc-guard/${key}`, version, description, license, repository, os: [os], cpu: [cpu], files: [file] };
  lay(path.join(out, key), manifest, [[file, binary, 0o755]]);
  optionalDependencies[manifest.name] = version;
}
const readme = ["README.md", path.join(root, "README.md"), 0o644];
lay(path.join(out, "grpc-guard"), { ...main, version, optionalDependencies }, [
  ["grpc-guard.js", path.join(__dirname, "grpc-guard.js"), 0o755],
  readme,
]);
