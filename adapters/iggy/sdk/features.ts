// What the adapter uses of Iggy's Node SDK that not every version has. Each feature is found by itself, never by a version:
// a server and an SDK of the next protocol work as far as what they have is the same.
//
// | feature                   | used for                                      | found by                                    |
// | ------------------------- | --------------------------------------------- | ------------------------------------------- |
// | a client                  | everything                                    | `isIggyClient`: `message.send`, `topic.get` |
// | confirmations of sends    | base offsets of records                       | `confirmedOffset`; looked up when empty     |
// | cluster roster            | the reason why a partition cannot be written  | `readRoster`: `cluster.getClusterMetadata`  |
// | offsets of external groups| `importOffsets`                               | an answer other than null to `EXTERNAL_GROUP` |
// | `durability`, `enforceFsync`, `messagesRequiredToSave` | durable topics   | all are set: an SDK leaves out unknown ones |
// | `updateTopic`             | `retention.*` of existing topics              | `updateTopic`: `topic.update`        |
import type { IggyClient, IggyConsumer, IggySendResult } from './client.js';
import { IggyCommandError, IggyCode } from './failures.js';

/** Kind of the consumers that Iggy's Kafka gateway in Rust stores offsets for; the SDK passes it on and its types lack it. */
export const EXTERNAL_GROUP = 3 as number as IggyConsumer['kind'];

/**
 * Offset of the first message of a send; undefined where the answer has none: from servers before 0.9, and from the next
 * protocol for a send that it recognises as a repetition.
 */
export function confirmedOffset({ confirmations }: Partial<IggySendResult>): number | undefined {
  const offset = confirmations?.[0]?.baseOffset;
  return offset === undefined ? undefined : Number(offset);
}

/** Changes the settings of a topic. The next protocol retires the command; without it the change is refused. */
export function updateTopic(
  { topic }: IggyClient,
  args: Parameters<IggyClient['topic']['update']>[0],
): Promise<boolean> {
  if (typeof (topic as Partial<IggyClient['topic']>).update === 'function') return topic.update(args);
  throw new IggyCommandError('REFUSED', "Iggy's SDK has no command that changes a topic", IggyCode.INVALID_COMMAND);
}

/** The nodes of a cluster. */
export interface Roster {
  readonly nodeCount: number;
  /** The node that leads the metadata, which the SDK connects to, as name and address; null during an election. */
  readonly leader: string | null;
}

/** The roster as the server shows it; null where the SDK has no command for it. */
export async function readRoster({ cluster }: IggyClient): Promise<Roster | null> {
  if (typeof cluster?.getClusterMetadata !== 'function') return null;
  const { nodes } = await cluster.getClusterMetadata();
  const leader = nodes.find(({ role, status }) => role === 'Leader' && status === 'Healthy');
  const named = leader === undefined ? null : `${leader.name} (${leader.ip}:${String(leader.endpoints.tcp)})`;
  return { nodeCount: nodes.length, leader: named };
}
