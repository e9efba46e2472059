import { fileURLToPath } from 'node:url';
import { generate } from './generate.js';

// npm run generate             writes what the definitions say
// npm run generate -- --check  changes nothing, and fails when something would change

const source = fileURLToPath(new URL('../../../', import.meta.url));
const check = process.argv.includes('--check');
process.exitCode = await generate(source, { check, say: console.log });
