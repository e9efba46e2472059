#!/usr/bin/env node
import { processIo } from './io.js';
import { run } from './run.js';

void run(process.argv.slice(2), processIo(process)).then((code) => {
  // Not process.exit(): what was written may still be on its way into a pipe.
  if (code !== 0) process.exitCode = code;
});
