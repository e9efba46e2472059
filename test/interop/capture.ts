import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** One frame between a client and the gateway, without its length prefix. */
export interface CapturedFrame {
  /** The client's connections are counted from 1 in the order in which it opened them. */
  readonly connection: number;
  readonly direction: 'request' | 'response';
  /** Of a response: those of its request. */
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly hex: string;
}

/** What went over the wire while a client did a few things. */
export interface Capture {
  readonly client: string;
  readonly version: string;
  /** What the client was told to do, in its own words; `HOST:PORT` stands for the address. */
  readonly steps: readonly string[];
  /** In the order in which they were complete; of requests of one kind on one connection only the first few. */
  readonly frames: readonly CapturedFrame[];
}

const folder = new URL('../../fixtures/captures/', import.meta.url);

export function readCaptures(): { readonly name: string; readonly capture: Capture }[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      name: file.slice(0, -'.json'.length),
      capture: JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Capture,
    }));
}

/** Writes fixtures/captures/NAME.json, one line for each frame. */
export function writeCapture(name: string, { frames, ...about }: Capture): void {
  const head = Object.entries(about).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
  const lines = frames.map((frame) => `    ${JSON.stringify(frame)}`).join(',\n');
  writeFileSync(new URL(`${name}.json`, folder), `{\n${head.join('')}  "frames": [\n${lines}\n  ]\n}\n`);
}
