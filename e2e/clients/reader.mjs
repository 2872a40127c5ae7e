// Reads a file as a program would that loads `dotenv`, and prints the names and values as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_MODULES}/`);
console.log(JSON.stringify(require("dotenv").parse(readFileSync(process.argv[2]))));
