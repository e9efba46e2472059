// Members are plain objects here: the budget asks them two things, and a real connection would have to be brought to
// the middle of a frame for each. test/e2e/limits-memory.test.ts has real ones.
import { beforeEach, expect, test, vi } from 'vitest';
import { type BudgetMember, InFlightBytes } from '../../../src/listener/in-flight-bytes.js';

const KIB = 1024;
const LIMIT = 256 * KIB;

class Member implements BudgetMember {
  midFrame = false;
  reading = true;
  /** How often it was told to ask again. */
  told = 0;

  constructor(readonly budget: InFlightBytes) {}

  /** Holds so many bytes more, then asks whether it may read on, as a connection does after each chunk. */
  take(bytes: number, midFrame = true): boolean {
    this.midFrame = midFrame;
    this.budget.change(bytes);
    return this.ask();
  }

  /** Its frame is complete and handled. */
  give(bytes: number): void {
    this.midFrame = false;
    this.budget.change(-bytes);
    this.ask();
  }

  ask(): boolean {
    this.reading = this.budget.mayRead(this);
    return this.reading;
  }

  mayReadAgain(): void {
    this.told++;
    this.ask();
  }
}

let budget: InFlightBytes;
let members: Member[];

beforeEach(() => {
  budget = new InFlightBytes(LIMIT);
  members = Array.from({ length: 8 }, () => new Member(budget));
});

const reading = (): number[] => members.flatMap((member, index) => (member.reading ? [index] : []));

test('below the limit everyone reads', () => {
  expect(members.every((member) => member.take(20 * KIB))).toBe(true);
  expect(budget.full).toBe(false);
  expect(budget.used).toBe(160 * KIB);
});

test('from the limit on nobody reads whose frame has not begun', () => {
  const [first, second] = members as [Member, Member];
  expect(first.take(LIMIT, false)).toBe(false);
  expect(budget.full).toBe(true);
  expect(second.ask()).toBe(false);
});

test('many half frames cannot lock each other out: one of them reads on, and then the next', () => {
  for (const member of members) member.take(LIMIT / 4);
  const order: number[] = [];
  while (order.length < members.length) {
    const going = reading();
    if (!budget.full) break;
    // Some began before the limit was reached and have not asked since: those end in their next chunk.
    const index = going.find((candidate) => !order.includes(candidate))!;
    order.push(index);
    members[index]!.give(LIMIT / 4);
  }
  expect(new Set(order).size).toBe(order.length);
  expect(order.length).toBeGreaterThanOrEqual(5);
  expect(budget.full).toBe(false);
});

test('at the limit exactly one of those that asked reads', () => {
  for (const member of members) member.take(LIMIT / 4);
  for (const member of members) member.ask();
  expect(reading()).toHaveLength(1);
});

test('who is favoured goes on until its frame is complete, then another one does', () => {
  const [first, second] = members as [Member, Member];
  budget.change(LIMIT);
  expect(first.take(10)).toBe(true);
  expect(second.take(10)).toBe(false);
  expect(first.take(50 * KIB)).toBe(true);
  first.give(0);
  expect(first.reading).toBe(false);
  expect(second.reading).toBe(true);
});

test('who completes a frame and has begun another waits its turn behind the other half frames', () => {
  const [first, second, third] = members as [Member, Member, Member];
  budget.change(LIMIT);
  expect(first.take(10)).toBe(true);
  expect(second.take(10)).toBe(false);
  expect(third.take(10)).toBe(false);
  // Its last chunk had the end of one frame and the beginning of the next.
  budget.pass(first);
  expect(first.ask()).toBe(false);
  expect(reading()).toContain(1);
  budget.pass(second);
  expect(second.ask()).toBe(false);
  expect(third.reading).toBe(true);
  budget.pass(third);
  expect(third.ask()).toBe(false);
  expect(first.reading).toBe(true);
});

test('with nobody else half way the favoured one keeps its place over its frames', () => {
  const [first, second] = members as [Member, Member];
  budget.change(LIMIT);
  second.take(0, false);
  expect(first.take(10)).toBe(true);
  budget.pass(first);
  expect(first.ask()).toBe(true);
  expect(second.reading).toBe(false);
});

test('who cannot read for reasons of its own passes its place on', () => {
  const [first, second] = members as [Member, Member];
  budget.change(LIMIT);
  expect(first.take(10)).toBe(true);
  expect(second.take(10)).toBe(false);
  budget.pass(first);
  expect(second.reading).toBe(true);
  // It had no place any more: nothing changes.
  budget.pass(first);
  expect(first.ask()).toBe(false);
  expect(second.reading).toBe(true);
});

test('who leaves passes its place on', () => {
  const [first, second] = members as [Member, Member];
  budget.change(LIMIT);
  expect(first.take(10)).toBe(true);
  expect(second.take(10)).toBe(false);
  budget.pass(first);
  expect(second.reading).toBe(true);
});

test('who left is told nothing any more', () => {
  const [first, second] = members as [Member, Member];
  budget.change(LIMIT);
  first.take(10, false);
  second.take(10, false);
  budget.pass(first);
  budget.change(-LIMIT);
  expect(first.told).toBe(0);
  expect(second.told).toBe(1);
});

test('below the limit those who wait read on, no more at once than there is room for', () => {
  budget.change(LIMIT);
  for (const member of members) member.ask();
  for (const member of members) expect(member.reading).toBe(false);
  budget.change(-128 * KIB);
  expect(reading()).toEqual([0, 1]);
});

test('nobody is forgotten: with room left all who wait are told in the end, whether or not anything changes', async () => {
  members = Array.from({ length: 100 }, () => new Member(budget));
  budget.change(LIMIT);
  for (const member of members) member.ask();
  // All at once, and nothing after it.
  budget.change(-LIMIT);
  await vi.waitFor(() => {
    expect(reading()).toHaveLength(100);
  });
});

test('while those who were told fill the room again, the rest waits', async () => {
  members = Array.from({ length: 20 }, () => new Member(budget));
  budget.change(LIMIT);
  for (const member of members) member.ask();
  budget.change(-LIMIT);
  expect(reading()).toEqual([0, 1, 2, 3]);
  for (const index of reading()) members[index]!.take(64 * KIB);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  for (const member of members.slice(4)) expect(member.told).toBe(0);
  budget.change(-LIMIT);
  await vi.waitFor(() => {
    expect(reading()).toHaveLength(20);
  });
});
