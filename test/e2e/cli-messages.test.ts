import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { apis, isFlexible, Reader, readRequestHeader } from 'iggy-gateway-kafka/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import { selectGolden } from '../../src/cli/messages/golden.js';
import { runCommand } from '../support/command.js';
import { goldens } from '../support/golden.js';

async function folderForTest(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'messages-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Header and body of a framed request. */
function parse(frame: Buffer): { apiKey: number; version: number; correlationId: number; body: Buffer } {
  expect(frame.readInt32BE(0)).toBe(frame.length - 4);
  const { flexibleFrom = -1 } = apis.find(({ key }) => key === frame.readInt16BE(4)) ?? {};
  const reader = new Reader(frame, 4);
  const header = readRequestHeader(reader, isFlexible(flexibleFrom, frame.readInt16BE(6)));
  expect(header.clientId).toBe('iggy-gateway-kafka');
  const { apiKey, apiVersion: version, correlationId } = header;
  return { apiKey, version, correlationId, body: frame.subarray(reader.position) };
}

describe('messages list', () => {
  test('has a line for every API with a codec, and for no other', async () => {
    const { code, out } = await runCommand(['messages', 'list']);
    expect(code).toBe(0);
    const [head, ...lines] = out.trimEnd().split('\n');
    expect(head).toBe('key  API                   versions  flexible from');
    expect(lines.map((line) => Number(line.slice(0, 3)))).toEqual(
      apis.filter(({ load }) => load !== undefined).map(({ key }) => key),
    );
    expect(lines).toContain('  3  Metadata              0-13      9');
    expect(lines).toContain(' 18  ApiVersions           0-5       3');
  });
});

describe('messages generate', () => {
  test('writes a framed request for each API and version, as Kafka itself writes it', async () => {
    const folder = path.join(await folderForTest(), 'new', 'folder');
    const { code, out } = await runCommand(['messages', 'generate', '--output', folder]);
    expect(code).toBe(0);
    const rich = goldens.filter(({ direction, kind }) => direction === 'request' && kind === 'rich');
    expect(out).toBe(`${rich.length} messages written to ${folder}\n`);
    expect(await readdir(folder)).toHaveLength(rich.length);
    for (const { apiKey, message, version, bytes } of rich) {
      const name = `${String(apiKey).padStart(3, '0')}_${message.replace(/Request$/, '')}_v${version}.bin`;
      const parsed = parse(await readFile(path.join(folder, name)));
      expect(parsed).toEqual({ apiKey, version, correlationId: apiKey * 65536 + version, body: bytes });
    }
  });

  test('takes the APIs, the version and the kind that are asked for', async () => {
    const folder = await folderForTest();
    const selection = ['--api-key', '3', '--api-key', '18', '--version', '3', '--kind', 'minimal'];
    await runCommand(['messages', 'generate', ...selection, '--output', folder]);
    expect((await readdir(folder)).sort()).toEqual(['003_Metadata_v3.bin', '018_ApiVersions_v3.bin']);
    const minimal = goldens.find(({ title }) => title === 'MetadataRequest v3 minimal');
    expect(parse(await readFile(path.join(folder, '003_Metadata_v3.bin'))).body).toEqual(minimal?.bytes);
  });

  test('writes hex into files, or without a folder to the standard output', async () => {
    const folder = await folderForTest();
    const args = ['messages', 'generate', '--api-key', '3', '--version', '9'];
    await runCommand([...args, '--output', folder]);
    await runCommand([...args, '--output', folder, '--hex']);
    const hex = (await readFile(path.join(folder, '003_Metadata_v9.bin'))).toString('hex');
    expect(await readFile(path.join(folder, '003_Metadata_v9.hex'), 'utf8')).toBe(`${hex}\n`);
    expect(await runCommand([...args, '--hex'])).toEqual({ code: 0, out: `003_Metadata_v9 ${hex}\n`, err: '' });
  });

  test('writes into the current folder by default', async () => {
    const folder = await folderForTest();
    const before = process.cwd();
    process.chdir(folder);
    try {
      const { out } = await runCommand(['messages', 'generate', '--api-key', '18']);
      expect(out).toBe('6 messages written to .\n');
    } finally {
      process.chdir(before);
    }
    expect(await readdir(folder)).toContain('018_ApiVersions_v4.bin');
  });

  test('says in one line where it cannot write', async () => {
    const file = path.join(await folderForTest(), 'file');
    await writeFile(file, '');
    const { code, out, err } = await runCommand(['messages', 'generate', '--output', file]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^iggy-gateway-kafka: --output ".*": EEXIST[^\n]*\n$/);
  });
});

describe('a selection', () => {
  const wrong: [string[], string][] = [
    [['--api-key', 'Metadata'], '--api-key "Metadata": want a whole number from 0 to 32767'],
    [['--api-key', '3', '--api-key', '-1'], '--api-key "-1": want'],
    [['--version', 'nine'], '--version "nine": want'],
    [['--kind', 'poor'], '--kind "poor": want one of minimal, rich, nulls, nestedNulls'],
    [['--api-key', '3', '--api-key', '999'], '--api-key 999: there is no such message'],
    [['--api-key', '4'], '--api-key 4: there is no such message'],
    [['--version', '99'], '--version 99 --kind rich: there is no such message'],
    [
      ['--api-key', '18', '--version', '1', '--kind', 'nulls'],
      '--api-key 18 --version 1 --kind nulls: there is no such',
    ],
  ];
  test.each(wrong)('%j is refused in one line', async (args, named) => {
    for (const command of ['generate', 'send', 'verify']) {
      const { code, out, err } = await runCommand(['messages', command, ...args]);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(/^iggy-gateway-kafka: [^\n]+\n$/);
      if (command !== 'verify' || !named.includes('rich:')) expect(err).toContain(named);
    }
  });

  test('of a kind alone may be of nothing, too', async () => {
    const folder = await folderForTest();
    await expect(selectGolden({ kind: 'nulls' }, pathToFileURL(`${folder}/`))).rejects.toThrow(
      '--kind nulls: there is no such message',
    );
  });

  test('is by API key, version and kind; what is left out takes all', async () => {
    const all = await selectGolden({});
    const requests = goldens.filter(({ direction }) => direction === 'request');
    const title = (name: string, version: number, kind: string): string => `${name} v${String(version)} ${kind}`;
    expect(all.map(({ api, version, kind }) => title(`${api.name}Request`, version, kind)).sort()).toEqual(
      requests.map(({ message, version, kind }) => title(message, version, kind)).sort(),
    );
    expect(all).toEqual(all.toSorted((one, other) => one.api.key - other.api.key || one.version - other.version));
    expect(all.filter(({ unanswered }) => unanswered).map(({ api, kind }) => `${api.name} ${kind}`)).toEqual(
      Array.from({ length: 11 }, () => 'Produce minimal'),
    );
  });

  test('says in one line that the messages are not where they should be', async () => {
    const folder = pathToFileURL(`${await folderForTest()}/`);
    await expect(selectGolden({}, new URL('none/', folder))).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/^the golden messages of the package cannot be read: ENOENT/),
    });
    await writeFile(new URL('Broken.json', folder), '{');
    await expect(selectGolden({}, folder)).rejects.toMatchObject({ exitCode: 1 });
  });
});
