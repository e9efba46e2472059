import { expect } from 'vitest';
import {
  type IggyClient,
  iggyErrorCode,
  type IggyHeaderInit,
  type IggyMessageInit,
  type IggyPolled,
  type IggyPollingStrategy,
} from '../../../adapters/iggy/sdk/client.js';

/** What a check is given. */
export interface Bench {
  readonly client: IggyClient;
  /** Another client of the same server. */
  readonly other: IggyClient;
  /** The name of a stream that is there, and is the check's own. */
  readonly streamId: string;
}

export interface Behaviour {
  /** The rule that holds. */
  readonly title: string;
  readonly check: (bench: Bench) => Promise<void>;
}

export const topicId = 'topic';
export const consumer = { kind: 1, id: 1 } as const;
export const NOW = 1_700_000_000_000_000n;

export const message = (payload: string, more: Partial<IggyMessageInit> = {}): IggyMessageInit => ({
  payload: Buffer.from(payload),
  ...more,
});

export const header = (name: string, value: Buffer): IggyHeaderInit => ({
  key: { kind: 2, value: name },
  value: { kind: 1, value },
});

export const createTopic = ({ client, streamId }: Bench, name = topicId, partitionCount = 1): Promise<{ id: number }> =>
  client.topic.create({ streamId, name, partitionCount, compressionAlgorithm: 1 });

export async function send({ client, streamId }: Bench, messages: IggyMessageInit[], partition = 0): Promise<number> {
  const { confirmations } = await client.message.send({
    streamId,
    topicId,
    messages,
    partition: { kind: 2, value: partition },
  });
  expect(confirmations).toHaveLength(1);
  expect(confirmations[0]!.partitionId).toBe(partition);
  return Number(confirmations[0]!.baseOffset);
}

export const poll = (
  { client, streamId }: Bench,
  pollingStrategy: IggyPollingStrategy,
  count = 100,
  partitionId = 0,
): Promise<IggyPolled> =>
  client.message.poll({ streamId, topicId, consumer, partitionId, pollingStrategy, count, autocommit: false });

export const payloads = ({ messages }: IggyPolled): string[] => messages.map(({ payload }) => payload.toString());
export const offsets = ({ messages }: IggyPolled): number[] => messages.map(({ headers }) => Number(headers.offset));

/** The code of a refusal; fails where it is none. */
export async function refusal(work: Promise<unknown>): Promise<number> {
  const error: unknown = await work.then(
    () => 'nothing',
    (thrown: unknown) => thrown,
  );
  const code = iggyErrorCode(error);
  expect(code, String(error)).toBeTypeOf('number');
  return code!;
}

/** What a call throws that the server did not refuse. */
export async function failure(work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => 'nothing',
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  expect(iggyErrorCode(error)).toBeUndefined();
  return error as Error;
}
