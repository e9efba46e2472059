import { OptionError } from 'iggy-gateway-kafka';
import type { LogStore } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { defineStateContract, stateContractCases, type StateContractOptions } from 'iggy-gateway-kafka/testing';
import { describe, expect, test } from 'vitest';

const start = () => {
  const store = createMemoryStore();
  return { createStore: () => store };
};

/** The case with this name. */
function caseOf(name: string, options: StateContractOptions) {
  const found = stateContractCases(options).find((each) => each.name === name);
  if (found === undefined) throw new Error(`no case '${name}'`);
  return found;
}

/** An engine with one value, of which several stores may be open. Counts what is called. */
function countingEngine(own: Partial<LogStore> = {}) {
  const memory: LogStore = createMemoryStore();
  const counts = { created: 0, opened: 0, closed: 0, engineClosed: 0 };
  const createStore = (): LogStore => {
    counts.created++;
    const store: Partial<LogStore> = {
      open() {
        counts.opened++;
      },
      close() {
        counts.closed++;
      },
      ...own,
    };
    return Object.assign(Object.create(memory) as LogStore, store);
  };
  const close = (): void => {
    counts.engineClosed++;
  };
  return { counts, engine: { createStore, close } };
}

const TWO_OWNERS = 'put and check of the owner before fail, and nothing that it puts is kept';

describe('cases of the state contract', () => {
  test('have names of their own', () => {
    const names = stateContractCases({ start }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('open each store once and close all of them, and then the engine', async () => {
    const { engine, counts } = countingEngine();
    await caseOf(TWO_OWNERS, { start: () => engine }).run();
    // One for each owner: two of the case, one that looks after them, and one after a restart.
    expect(counts).toEqual({ created: 4, opened: 4, closed: 4, engineClosed: 1 });
  });

  test('open one store at a time where the engine is not shared', async () => {
    const { engine, counts } = countingEngine({ open: () => expect(counts.created - counts.closed).toBe(1) });
    const name = 'a shard that was closed keeps what it held';
    await caseOf(name, { start: () => engine, capabilities: { shared: false } }).run();
    expect(counts).toMatchObject({ created: 2, closed: 2, engineClosed: 1 });
  });

  test('need no second store where nothing is durable', async () => {
    const { engine, counts } = countingEngine();
    const name = 'each opening has a higher epoch';
    await caseOf(name, { start: () => engine, capabilities: { shared: false, durable: false } }).run();
    expect(counts).toMatchObject({ created: 1 });
  });

  test('fail with what went wrong first, though the store cannot be closed either', async () => {
    const failing = countingEngine({
      openShard: () => {
        throw new Error('the disk is gone');
      },
      close: () => {
        throw new Error('cannot be closed');
      },
    });
    await expect(caseOf(TWO_OWNERS, { start: () => failing.engine }).run()).rejects.toThrow('the disk is gone');
    const closing = countingEngine({ close: () => Promise.reject(new Error('cannot be closed')) });
    await expect(caseOf(TWO_OWNERS, { start: () => closing.engine }).run()).rejects.toThrow('cannot be closed');
  });

  test('name what they need and the store lacks', () => {
    const cases = stateContractCases({ start, capabilities: { shards: false } });
    const absent = new Set(cases.flatMap((each) => each.absent));
    expect(absent).toEqual(new Set(['shards', 'refusedChange']));
    const all = stateContractCases({ start, refusedChange: ['key', new Uint8Array(1)] });
    expect(all.flatMap((each) => each.absent)).toEqual([]);
  });

  test.each([
    [{ start: 1 }, 'start'],
    [{ start, backend: 1 }, 'backend'],
    [{ start, patienceMs: -1 }, 'patienceMs'],
    [{ start, capabilities: { transactions: true } }, 'capabilities.transactions'],
    [{ start, capabilities: { shared: 1 } }, 'capabilities.shared'],
    [{ start, refusedChange: 'key' }, 'refusedChange'],
  ])('cannot be made of %o', (options, named) => {
    expect(() => stateContractCases(options as never)).toThrow(OptionError);
    expect(() => stateContractCases(options as never)).toThrow(named);
  });

  test('become tests, skipped where something is absent', () => {
    const made: string[] = [];
    const skipped: string[] = [];
    const runner = Object.assign((name: string) => void made.push(name), {
      skip: (name: string) => void skipped.push(name),
    });
    const options = { start, capabilities: { shared: false } };
    defineStateContract({ describe: (_area, define) => define(), test: runner }, options);
    expect(made.length + skipped.length).toBe(stateContractCases(options).length);
    expect(skipped).toContain(`${TWO_OWNERS} (without shared)`);
    expect(made).toContain('following a shard leaves its owner alone');
  });
});
