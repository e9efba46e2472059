import { expect, test } from 'vitest';
import { OwnedPlacement } from '../../../../adapters/broker/cluster/owned-placement.js';

const SELF = { host: 'balancer', port: 9092 };

test('a broker at the same address is no successor, even if it is reported before the address is known', () => {
  const placement = new OwnedPlacement(null, 1, null);
  placement.lose({ nodeId: 2, ...SELF, rack: null }, null);
  placement.identify(SELF, null, null);
  expect(placement.successor).toBeNull();
  expect(placement.nodes(SELF)).toMatchObject([{ nodeId: 1, ...SELF }]);
  placement.lose({ nodeId: 2, host: 'other', port: 9092, rack: null }, null);
  placement.identify({ host: 'moved', port: 9092 }, 3, null);
  expect(placement.successor?.host).toBe('other');
  placement.regain();
  expect(placement.nodes(SELF)).toMatchObject([{ nodeId: 3, ...SELF }]);
});

test('the leader epoch never goes back, not even where the state was removed and its epochs begin anew', () => {
  const placement = new OwnedPlacement(null, 1, null);
  const epoch = (): number => placement.leaderEpoch('id', 0);
  placement.opened(5);
  expect(epoch()).toBe(5);
  placement.lose(null, 1);
  placement.regain();
  placement.opened(2);
  expect(epoch()).toBe(5);
  placement.lose(null, 6);
  expect(epoch()).toBe(6);
  placement.opened(7);
  expect(epoch()).toBe(7);
});
