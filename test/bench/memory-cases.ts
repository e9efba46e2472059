// Frames whose decoded form is large for their size, and opaque ones, which should cost little beyond their bytes.
import {
  compactArray,
  compactArrayOf,
  compactBytes,
  compactNull,
  compactString,
  flexibleRequest,
  int16,
  int32,
  int8,
  noTags,
} from './wire.js';

/** What the cases look at in a decoded request. */
export interface HeldRequest {
  readonly topics?: readonly unknown[] | null;
  readonly forgottenTopicsData?: readonly unknown[];
  readonly topicData?: readonly { readonly partitionData: readonly { readonly records: Uint8Array | null }[] }[];
}

export interface MemoryCase {
  readonly name: string;
  readonly frame: Buffer;
  /** The bar: at most this many bytes held per byte of the frame, and 1 MiB. */
  readonly factor: number;
  /** Throws if the request is not, in full, what was sent. */
  readonly shape: (request: HeldRequest) => void;
}

export const mebibyte: number = 1024 * 1024;
const denseBytes = 1.5 * mebibyte; // at two bytes per element, below the decoder's budget of a million elements
const opaqueFactor = 2;
const denseFactor = 64;

const emptyName = compactString('');
const emptyArray = compactArray([]);
const no = int8(0);

/** Each makes its frame in the given size, or in the size that is measured. */
export const frames: readonly ((bytes?: number) => MemoryCase)[] = [
  opaque(mebibyte),
  opaque(8 * mebibyte),
  opaque(64 * mebibyte),
  dense('Metadata v9, topics', {
    element: Buffer.concat([emptyName, noTags]),
    frame: (topics) => request(3, 9, [topics, no, no, no, noTags]),
    elements: ({ topics }) => topics,
  }),
  dense('Fetch v12, topics', {
    element: Buffer.concat([emptyName, emptyArray, noTags]),
    frame: (topics) => fetchRequest(topics, emptyArray),
    elements: ({ topics }) => topics,
  }),
  dense('Fetch v12, forgotten topics', {
    element: Buffer.concat([emptyName, emptyArray, noTags]),
    frame: (forgotten) => fetchRequest(emptyArray, forgotten),
    elements: ({ forgottenTopicsData }) => forgottenTopicsData,
  }),
  dense('Produce v9, topics', {
    element: Buffer.concat([emptyName, emptyArray, noTags]),
    frame: (topics) => produceRequest(topics),
    elements: ({ topicData }) => topicData,
  }),
  dense('Produce v9, partitions', {
    element: Buffer.concat([int32(0), compactNull, noTags]),
    frame: (partitions) => produceRequest(oneTopic(partitions)),
    elements: ({ topicData }) => topicData?.[0]?.partitionData,
  }),
  dense('Produce v9, partitions, no records', {
    element: Buffer.concat([int32(0), compactBytes(Buffer.alloc(0)), noTags]),
    frame: (partitions) => produceRequest(oneTopic(partitions)),
    elements: ({ topicData }) => topicData?.[0]?.partitionData,
  }),
  dense('CreateTopics v5, configs', {
    element: Buffer.concat([emptyName, compactNull, noTags]),
    frame: (configs) => createTopicsRequest(emptyArray, configs),
    elements: (held) => createdTopic(held)?.configs,
  }),
  dense('CreateTopics v5, assignments', {
    element: Buffer.concat([int32(0), emptyArray, noTags]),
    frame: (assignments) => createTopicsRequest(assignments, emptyArray),
    elements: (held) => createdTopic(held)?.assignments,
  }),
];

function opaque(measuredBytes: number): (bytes?: number) => MemoryCase {
  return (bytes = measuredBytes) => {
    const partition = Buffer.concat([int32(0), compactBytes(Buffer.alloc(bytes, 0x5a)), noTags]);
    return {
      name: 'Produce v9, opaque records',
      frame: produceRequest(oneTopic(compactArray([partition]))),
      factor: opaqueFactor,
      shape: ({ topicData }) => {
        const records = topicData?.[0]?.partitionData[0]?.records;
        if (records?.length !== bytes || records.at(-1) !== 0x5a) throw new Error('the records are not those sent');
      },
    };
  };
}

interface Dense {
  readonly element: Buffer;
  readonly frame: (array: Buffer) => Buffer;
  readonly elements: (request: HeldRequest) => readonly unknown[] | null | undefined;
}

function dense(name: string, { element, frame, elements }: Dense): (bytes?: number) => MemoryCase {
  return (bytes = denseBytes) => {
    const count = Math.floor(bytes / element.length);
    return {
      name,
      frame: frame(compactArrayOf(count, element)),
      factor: denseFactor,
      shape: (held) => {
        const actual = elements(held)?.length;
        if (actual !== count) throw new Error(`${name}: ${count} elements sent, ${actual} decoded`);
      },
    };
  };
}

function createdTopic({
  topics,
}: HeldRequest): { configs: readonly unknown[]; assignments: readonly unknown[] } | undefined {
  return topics?.[0] as ReturnType<typeof createdTopic>;
}

function request(apiKey: number, apiVersion: number, body: readonly Buffer[]): Buffer {
  return flexibleRequest({ apiKey, apiVersion, correlationId: 1, clientId: 'memory-bench', body });
}

function produceRequest(topics: Buffer): Buffer {
  const noTransaction = compactNull;
  const acks = int16(1);
  const timeoutMs = int32(30_000);
  return request(0, 9, [noTransaction, acks, timeoutMs, topics, noTags]);
}

function oneTopic(partitions: Buffer): Buffer {
  return compactArray([Buffer.concat([compactString('bench'), partitions, noTags])]);
}

function fetchRequest(topics: Buffer, forgotten: Buffer): Buffer {
  const [replicaId, maxWaitMs, minBytes, maxBytes] = [int32(-1), int32(0), int32(0), int32(mebibyte)];
  const [isolation, sessionId, sessionEpoch] = [int8(0), int32(0), int32(-1)];
  const rack = compactString('');
  const settings = [replicaId, maxWaitMs, minBytes, maxBytes, isolation, sessionId, sessionEpoch];
  return request(1, 12, [...settings, topics, forgotten, rack, noTags]);
}

function createTopicsRequest(assignments: Buffer, configs: Buffer): Buffer {
  const [partitions, replicationFactor, timeoutMs] = [int32(-1), int16(-1), int32(30_000)];
  const name = compactString('bench');
  const created = Buffer.concat([name, partitions, replicationFactor, assignments, configs, noTags]);
  return request(19, 5, [compactArray([created]), timeoutMs, no, noTags]);
}
