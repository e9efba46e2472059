import { afterEach, expect, test, vi } from 'vitest';

const { argv } = process;
const streams = [process.stdout, process.stderr];
const listeners = streams.map((stream) => stream.listeners('error'));

afterEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
  process.argv = argv;
  process.exitCode = undefined;
  for (const [index, stream] of streams.entries()) {
    for (const listener of stream.listeners('error')) {
      if (!listeners[index]?.includes(listener)) stream.off('error', listener as () => void);
    }
  }
});

async function main(...args: string[]): Promise<{ out: string[]; err: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0);
  process.argv = [process.execPath, 'main.js', ...args];
  await import('../../../src/cli/main.js');
  await vi.waitFor(() => {
    expect([...out, ...err]).not.toEqual([]);
  });
  return { out, err };
}

test('the program runs what its arguments say', async () => {
  const { out, err } = await main('--version');
  expect(out.join('')).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  expect(err).toEqual([]);
  expect(process.exitCode).toBeUndefined();
});

test('the program ends with the exit code of its command', async () => {
  const { out, err } = await main('serve', '--bind', 'nowhere');
  expect(out).toEqual([]);
  expect(err.join('')).toMatch(/^iggy-gateway-kafka: --bind "nowhere": .*\n$/);
  await vi.waitFor(() => {
    expect(process.exitCode).toBe(2);
  });
});
