import type { IggyMessage } from '../client.js';

/** The 128 bits of a message's id, which the SDK has given as text before. */
export function messageId({ headers: { id } }: IggyMessage): bigint {
  return typeof id === 'bigint' ? id : BigInt(`0x${id.replaceAll('-', '')}`);
}
