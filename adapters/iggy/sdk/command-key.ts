/**
 * What commands share a fate by, such as the sends to one partition. A pool confines a key whose command is slow to one
 * connection, so that the commands of other keys go on.
 */
export class CommandKey {
  /** Names the key in messages, such as `orders-0`. */
  readonly name: string;
  /** Commands in flight. */
  running = 0;
  /** Commands that wait for a connection. */
  waiting = 0;
  /** Whether a command has been answered before: keys without an answer leave one connection to the others. */
  isProven = false;
  /** Whether the last command was slow and has had no answer yet, or was refused after a long time. */
  isSlow = false;

  constructor(name: string) {
    this.name = name;
  }
}
