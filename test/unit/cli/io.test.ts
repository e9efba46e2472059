// The process is stood in for: the real one's streams and signals are the test runner's.
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { type Host, processIo } from '../../../src/cli/io.js';

class FakeProcess extends EventEmitter implements Host {
  readonly env = { NAME: 'value' };
  readonly written: string[] = [];
  readonly stdout = this.#stream('out');
  readonly stderr = this.#stream('err');
  exitCode?: number;

  cwd(): string {
    return '/folder';
  }

  exit(code: number): void {
    this.written.push(`exit ${String(code)}`);
  }

  #stream(name: string): Writable {
    return new Writable({
      write: (chunk, _encoding, done) => {
        this.written.push(`${name} ${String(chunk)}`);
        done();
      },
    });
  }
}

test('a command has the environment, the folder, the outputs and the end of its process', () => {
  const host = new FakeProcess();
  const io = processIo(host);
  io.out('a\n');
  io.err('b\n');
  io.exit(3);
  expect(io.env).toBe(host.env);
  expect(io.cwd).toBe('/folder');
  expect(host.written).toEqual(['out a\n', 'err b\n', 'exit 3']);
});

test('signals are passed on until they are let go', () => {
  const host = new FakeProcess();
  const seen: string[] = [];
  const forget = processIo(host).onSignal((signal) => seen.push(signal));
  host.emit('SIGTERM', 'SIGTERM');
  host.emit('SIGINT', 'SIGINT');
  forget();
  host.emit('SIGTERM', 'SIGTERM');
  expect(seen).toEqual(['SIGTERM', 'SIGINT']);
  expect(host.eventNames()).toEqual([]);
});

test('a reader that goes away is no failure', () => {
  const host = new FakeProcess();
  processIo(host);
  const broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  host.stdout.emit('error', broken);
  host.stderr.emit('error', broken);
  expect(host.written).toEqual([]);
  expect(host.exitCode).toBeUndefined();
});

test('output that cannot be written is a failure', () => {
  const host = new FakeProcess();
  processIo(host);
  host.stdout.emit('error', Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
  expect(host.written).toEqual(['err iggy-gateway-kafka: the output is incomplete: no space left\n']);
  expect(host.exitCode).toBe(1);
});
