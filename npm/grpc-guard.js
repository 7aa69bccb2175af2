#!/usr/bin/env node
// Runs the binary of the package for this platform; npm installs that one of the optional dependencies and no other.
"use strict";

const { spawnSync } = require("node:child_process");

/** @returns {string} the path of the binary */
function binary() {
  const name = `@grpc-guard/${process.platform}-${process.arch}`;
  const file = process.platform === "win32" ? "grpc-guard.exe" : "grpc-guard";
  try {
    return require.resolve(`${name}/${file}`);
  } catch {
    console.error(`error: grpc-guard has no binary here: ${name} is not installed`);
    console.error("install without --omit=optional, or build it: cargo install --locked grpc-guard");
    process.exit(2);
  }
}

const run = spawnSync(binary(), process.argv.slice(2), { stdio: "inherit" });
if (run.error) {
  console.error(`error: ${run.error.message}`);
  process.exit(2);
}
if (run.signal) {
  process.kill(process.pid, run.signal);
}
process.exit(run.status ?? 2);
