#!/usr/bin/env node
// The compiler's JavaScript build, behind the options with which forge calls the native one, which npm has not.
const fs = require("fs");
const solc = require("solc");

if (process.argv.includes("--version")) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else {
  fs.writeFileSync(1, solc.compile(fs.readFileSync(0, "utf8")));
}
