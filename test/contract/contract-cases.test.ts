import { OptionError } from 'iggy-gateway-kafka';
import { createBrokerBackend } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { contractCases, type ContractOptions, defineContract, startBroker } from 'iggy-gateway-kafka/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ownServer } from '../support/own-server.js';

/** A backend that answers hardly anything. */
const backend = { name: 'test', metadata: () => ({ brokers: [], topics: [], errorCode: 0 }) };
const start = () => startBroker({ backend });

/** The case with this name. */
function caseOf(name: string, options: ContractOptions = { start }) {
  const found = contractCases(options).find((each) => each.name === name);
  if (found === undefined) throw new Error(`no case '${name}'`);
  return found;
}

describe('contract cases', () => {
  test('have names of their own', () => {
    const names = contractCases({ start }).map(({ area, name }) => `${area}: ${name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test('say what a backend without the API lacks', async () => {
    await expect(caseOf('acks 1 is answered once the records are stored').run()).rejects.toThrow(
      'the broker does not answer CreateTopics',
    );
  });

  test('close a broker that does not answer', async () => {
    const port = await ownServer((socket) => socket.end());
    const close = vi.fn();
    const [first] = contractCases({ start: () => ({ bootstrap: `127.0.0.1:${String(port)}`, close }) });
    await expect(first?.run()).rejects.toThrow('ApiVersions v0');
    expect(close).toHaveBeenCalledTimes(1);
  });

  test('fail with the rule that is broken, and close the broker', async () => {
    let closed = 0;
    const failing = async () => {
      const broker = await startBroker();
      broker.faults.fail('produce', { errorCode: 87 });
      return {
        bootstrap: broker.bootstrap,
        close: async () => {
          closed++;
          await broker.close();
        },
      };
    };
    const broken = caseOf('acks 1 is answered once the records are stored', { start: failing });
    await expect(broken.run()).rejects.toThrow('the error code is INVALID_RECORD; it must be NONE');
    expect(closed).toBe(1);
  });

  test('what the backend threw is the cause, and a broker that lives on is left as it was', async () => {
    const thrown = new TypeError('the engine has no such thing');
    const store = Object.assign(createMemoryStore(), {
      append() {
        throw thrown;
      },
    });
    const broker = await startBroker({ backend: createBrokerBackend({ store }) });
    onTestFinished(() => broker.close());
    const off = vi.spyOn(broker.gateway, 'off');
    const { bootstrap, gateway } = broker;
    const shared = () => ({ bootstrap, gateway, close: () => undefined });
    const broken = caseOf('acks 1 is answered once the records are stored', { start: shared });
    await expect(broken.run()).rejects.toMatchObject({
      message: expect.stringContaining('the error code is UNKNOWN_SERVER_ERROR; it must be NONE'),
      cause: thrown,
    });
    expect(off).toHaveBeenCalledOnce();
  });

  test('a case names the capabilities that are absent; instead of some there are other cases', () => {
    const cases = contractCases({ start, capabilities: { deleteRecords: false, durable: false } });
    const kept = cases.find(({ name }) => name === 'records that were deleted stay so');
    expect(kept).toMatchObject({ needs: ['durable', 'deleteRecords'], absent: ['durable', 'deleteRecords'] });
    const instead = 'DeleteRecords is refused where nothing can be deleted';
    expect(cases.map(({ name }) => name)).toContain(instead);
    expect(contractCases({ start }).map(({ name }) => name)).not.toContain(instead);
  });

  test('a capability that there is not is refused', () => {
    expect(() => contractCases({ start, capabilities: { durability: false } as never })).toThrow(OptionError);
  });

  test('tests are made of them, skipped where a capability is absent and the runner can', () => {
    const made: string[] = [];
    const skipped: string[] = [];
    const test = (name: string, _run: unknown, timeoutMs: number): void => {
      // More than the 20 s after which a case says that no answer came.
      expect(timeoutMs).toBeGreaterThan(20_000);
      made.push(name);
    };
    const runner = Object.assign(test, { skip: (name: string) => void skipped.push(name) });
    const run = { describe: (_area: string, define: () => void) => define(), test: runner };
    defineContract(run, { start, capabilities: { compaction: false } });
    expect(made.length + skipped.length).toBe(contractCases({ start, capabilities: { compaction: false } }).length);
    expect(skipped).toContain('a compacted topic takes no record without a key (without compaction)');
  });
});
