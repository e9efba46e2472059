import { createInterface } from 'node:readline';
import { inspect } from 'node:util';

/** What the client has no way to do. */
export class UnsupportedError extends Error {}

/** Answers the runner's commands, one after another (matrix/driver-protocol.ts), until there are no more. */
export async function serve(
  version: string,
  commands: Record<string, ((input: never) => Promise<object>) | undefined>,
): Promise<void> {
  const print = (value: object): void => {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  };
  print({ version: `${version} (Node.js ${process.versions.node})` });
  for await (const line of createInterface({ input: process.stdin })) {
    const { op, ...input } = JSON.parse(line) as { op: string };
    try {
      const command = commands[op];
      if (command === undefined) throw new UnsupportedError(`no ${op}`);
      print({ ok: await command(input as never) });
    } catch (error) {
      if (error instanceof UnsupportedError) print({ unsupported: error.message });
      else print({ error: inspect(error, { depth: 4 }) });
    }
  }
  process.exit(0);
}

export const bytes = (base64: string | null): Buffer | null => (base64 === null ? null : Buffer.from(base64, 'base64'));
export const base64 = (value: Buffer | string | null | undefined): string | null =>
  value === null || value === undefined ? null : Buffer.from(value as Buffer).toString('base64');
