import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const LINE = 'const backend: Backend = backends.memory();';

/** Runs examples/any-backend.ts with the one line changed, and an SDK; gives what it prints. */
export async function runWith(
  backend: 'stub' | 'memory' | 'iggy',
  sdkModule: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const program = await readFile(fileOf('../../../examples/any-backend.ts'), 'utf8');
  expect(program.split(LINE)).toHaveLength(2);
  const folder = fileOf('../../../temp');
  await mkdir(folder, { recursive: true });
  const file = `${folder}/any-backend-${backend}-${String(process.pid)}.ts`;
  await writeFile(file, program.replace(LINE, `const backend: Backend = backends.${backend}();`));
  const args = ['--import', 'tsx', '--import', fileOf('hook.js'), file];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, ...env, IGGY_SDK_MODULE: sdkModule },
    });
    return stdout.trimEnd().split('\n');
  } finally {
    await rm(file);
  }
}

/** What a broker does with it. */
export const SERVED: readonly string[] = ['written from offset 0', '0 anna apples', '1 anna pears', '2 anna plums'];
