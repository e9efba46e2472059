import type { IggyMessageInit } from '../sdk/client.js';
import { MAX_SEND_BYTES, messageBytes } from './limits.js';

/**
 * Puts messages into as few sends as a limit of bytes allows, in their order: one in almost all cases, since only one is
 * stored as a whole. A message over the limit goes alone.
 */
export function splitIntoSends<Message extends IggyMessageInit>(
  messages: readonly Message[],
  maxBytes: number = MAX_SEND_BYTES,
): Message[][] {
  const sends: Message[][] = [];
  let send: Message[] = [];
  let left = maxBytes;
  for (const message of messages) {
    const bytes = messageBytes(message);
    if (bytes > left && send.length > 0) {
      sends.push(send);
      send = [];
      left = maxBytes;
    }
    send.push(message);
    left -= bytes;
  }
  if (send.length > 0) sends.push(send);
  return sends;
}
