import { existsSync } from 'node:fs';

const HOW = `The tests of the Iggy adapter need Apache Iggy's server and Node SDK, which are not among this repository's dependencies:
  IGGY_SERVER_BINARY: the program iggy-server, 0.9.0-edge.5 or later, as the container image apache/iggy:0.9.0-edge.5 has it
  IGGY_SDK: the folder of the package apache-iggy, 0.10.0-edge.4 or later, as \`npm install apache-iggy@0.10.0-edge.4\` makes it`;

/** Says what is missing, once for all tests. */
export default function setup(): void {
  for (const name of ['IGGY_SERVER_BINARY', 'IGGY_SDK']) {
    const path = process.env[name];
    if (path === undefined || path === '') throw new Error(`${name} is not set.\n${HOW}`);
    if (!existsSync(path)) throw new Error(`${name} is ${path}, where there is nothing.\n${HOW}`);
  }
}
