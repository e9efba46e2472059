import { describe, expect, test } from 'vitest';
import { createStandIn } from '../../../support/iggy-stand-in.js';
import { kept, openStore, put, sendingThrough } from '../../../support/iggy-store.js';

const STATE = { streamId: 'kafka', topicId: '__kafka_gateway_state.shard-0.1' } as const;

describe('a send to the state that is answered without an offset', () => {
  test.each([
    ['no confirmations', { confirmations: [] }],
    ['no list of them', {} as { confirmations: [] }],
  ])('and %s is looked up: what was stored is acknowledged, what was not is sent again', async (_, without) => {
    const iggy = createStandIn();
    let sends = 0;
    let mode: 'normal' | 'stored' | 'not stored' = 'normal';
    const connect = sendingThrough(iggy, async (_, go) => {
      sends++;
      if (mode === 'normal') return go();
      const isStored = mode === 'stored';
      mode = 'normal';
      if (isStored) await go();
      return without;
    });
    const { shard, warnings } = await openStore({ connect }, iggy);
    for (const next of ['stored', 'not stored'] as const) {
      mode = next;
      const before = sends;
      await put(shard, next, 'value');
      expect(sends - before).toBe(next === 'stored' ? 1 : 2);
    }
    await iggy.connect().topic.purge(STATE);
    mode = 'stored';
    await put(shard, 'purged', 'value');
    expect(warnings).toEqual([expect.stringMatching(/had lost entries/)]);
    const { shard: again } = await openStore({}, iggy);
    expect(await kept(again)).toEqual({ stored: 'value', 'not stored': 'value', purged: 'value' });
  });

  test('is one of the first: the log opens, since another one is confirmed', async () => {
    const iggy = createStandIn();
    let isFirst = true;
    const connect = sendingThrough(iggy, async (_, go) => {
      const answer = await go();
      if (!isFirst) return answer;
      isFirst = false;
      return { confirmations: [] };
    });
    const { shard } = await openStore({ connect }, iggy);
    await put(shard, 'a', 'value');
    const { shard: again } = await openStore({}, iggy);
    expect(await kept(again)).toEqual({ a: 'value' });
  });

  test('fails where it cannot be looked up, or the topic is gone', async () => {
    const iggy = createStandIn();
    let isEmpty = false;
    let isGone = false;
    const connect = sendingThrough(iggy, async (_, go) => {
      const answer = await go();
      if (!isGone) return isEmpty ? { confirmations: [] } : answer;
      await iggy.connect().topic.delete({ ...STATE, partitionsCount: 1 });
      return { confirmations: [] };
    });
    const { shard } = await openStore({ connect }, iggy);
    iggy.fault = (name) => (name === 'topic.get' ? 'away' : undefined);
    isEmpty = true;
    await expect(put(shard, 'a', 'value')).rejects.toThrow(/'__kafka_gateway_state\.shard-0\.1' cannot be read/);
    iggy.fault = () => undefined;
    isGone = true;
    await expect(put(shard, 'a', 'value')).rejects.toThrow(
      /'__kafka_gateway_state\.shard-0\.1' .* is not there any more/,
    );
  });
});
