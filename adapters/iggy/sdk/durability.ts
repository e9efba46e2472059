import type { IggyTopic, IggyTopicInit } from './client.js';

/**
 * Failures that confirmed records survive. `none`: none, because they may be only in the memory of the server. `process`: a
 * killed server. `power`: also a power failure.
 */
export type IggyDurability = 'none' | 'process' | 'power';

/** From the weakest to the strongest. */
export const DURABILITIES: readonly IggyDurability[] = ['none', 'process', 'power'];

type DurabilitySettings = Pick<IggyTopicInit, 'durability' | 'enforceFsync' | 'messagesRequiredToSave'>;

/**
 * Settings with which topics are created, for both kinds of SDK; each leaves out the fields that it does not know. Those
 * with `durability` have only one value that keeps what a single server has confirmed. Those before save a message to the
 * file, before it is confirmed, only if `messagesRequiredToSave` is 1; `enforceFsync` alone syncs what is saved later.
 */
export const DURABILITY_SETTINGS: Readonly<Record<IggyDurability, DurabilitySettings>> = {
  none: {},
  process: { durability: 'persisted', messagesRequiredToSave: 1 },
  power: { durability: 'persisted', enforceFsync: true, messagesRequiredToSave: 1 },
};

/** Settings of the topics with the gateway's own state. */
export const DURABLE: DurabilitySettings = DURABILITY_SETTINGS.power;

/** How durable confirmed messages of a topic are; null if the SDK does not report its options. */
export function durabilityOf({ options, derivedOptions }: IggyTopic): IggyDurability | null {
  const reported = new Map<string, unknown>([
    ...Object.entries(derivedOptions ?? {}),
    ...Object.entries(options ?? {}),
  ]);
  const durability = reported.get('durability');
  if (durability !== undefined) return durability === 'persisted' ? 'power' : 'none';
  const saved = reported.get('messages_required_to_save');
  if (saved === undefined) return null;
  if (saved !== 1) return 'none';
  return reported.get('enforce_fsync') === true ? 'power' : 'process';
}

/** Whether one durability promises less than another. */
export function isWeaker(durability: IggyDurability, than: IggyDurability): boolean {
  return DURABILITIES.indexOf(durability) < DURABILITIES.indexOf(than);
}
