// A fake store on purpose: ownership of a memory store is moved by the test, at moments that no engine can be held at.
import { createKafkaGateway } from 'iggy-gateway-kafka';
import { createBrokerBackend, type LogStore, type StateChange } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { expect, onTestFinished, test, vi } from 'vitest';
import { TurnedClock } from '../../support/turned-clock.js';

const LOST: StateChange = { kind: 'lost', owner: null };
const REGAINED: StateChange = { kind: 'regained' };

/** A gateway whose store loses and regains the state when it is told to. */
async function start() {
  const clock = new TurnedClock();
  let change: (change: StateChange) => void = () => undefined;
  let unwatch = (): void => undefined;
  const unwatched = new Promise<void>((resolve) => (unwatch = resolve));
  const watchState = (changed: typeof change): (() => void) => {
    change = changed;
    return unwatch;
  };
  const store: LogStore = Object.assign(createMemoryStore(), { watchState });
  const warnings: string[] = [];
  const backend = createBrokerBackend({ store, clock, warn: (message) => warnings.push(message) });
  const gateway = createKafkaGateway({ backend, listener: { port: 0 } });
  const states: string[] = [];
  gateway.on('backendStatus', ({ state }) => states.push(state));
  await gateway.listen();
  onTestFinished(() => gateway.close({ graceMs: 0 }));
  return { clock, store, gateway, warnings, states, unwatched, change: (next: StateChange) => change(next) };
}

function fail(): never {
  throw new Error('the engine is away');
}

test('a state that is lost again before it could be loaded stays lost', async () => {
  const { clock, store, change, warnings, gateway } = await start();
  change(LOST);
  const load = vi.spyOn(store, 'load').mockImplementationOnce(fail);
  change(REGAINED);
  await vi.waitFor(() => expect(warnings).toHaveLength(1));
  change({ kind: 'lost', owner: { nodeId: 2, host: 'successor', port: 9092, rack: null } });
  await vi.waitFor(() => expect(gateway.stats().backendStatus.successor?.host).toBe('successor'));
  clock.turn(1000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(load).toHaveBeenCalledTimes(1);
  expect(gateway.stats().backendStatus.state).toBe('overtaken');
});

test('a state that is lost again while it is loaded stays lost', async () => {
  const { clock, store, change, states, warnings } = await start();
  change(LOST);
  vi.spyOn(store, 'load').mockImplementationOnce(() => {
    change(LOST);
    return fail();
  });
  change(REGAINED);
  await vi.waitFor(() => expect(warnings).toHaveLength(1));
  clock.turn(1000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(states).toEqual(['overtaken']);
});

test('a state that cannot be loaded while the gateway closes is not tried again', async () => {
  const { clock, store, change, warnings, gateway, unwatched } = await start();
  change(LOST);
  const load = vi.spyOn(store, 'load').mockImplementationOnce(() => unwatched.then(fail));
  change(REGAINED);
  await vi.waitFor(() => expect(load).toHaveBeenCalledTimes(1));
  await gateway.close({ graceMs: 0 });
  expect(warnings).toHaveLength(1);
  expect(clock.timers).toBe(0);
});
