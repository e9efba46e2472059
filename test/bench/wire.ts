// Builds request frames by hand: the bench must not depend on the encoder of the gateway that it measures.

/** Where the correlation id stands in a framed request, and in a framed answer. */
export const requestCorrelationOffset = 8;
export const answerCorrelationOffset = 4;

export function int8(value: number): Buffer {
  const bytes = Buffer.alloc(1);
  bytes.writeInt8(value);
  return bytes;
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

export function uvarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** Flexible versions write every length and count as an unsigned varint of one more; 0 is null. */
export function compactBytes(bytes: Buffer): Buffer {
  return Buffer.concat([uvarint(bytes.length + 1), bytes]);
}

export function compactString(text: string): Buffer {
  return compactBytes(Buffer.from(text));
}

export function compactArray(elements: readonly Buffer[]): Buffer {
  return Buffer.concat([uvarint(elements.length + 1), ...elements]);
}

/** The same element `count` times: arrays of a million elements without a million buffers. */
export function compactArrayOf(count: number, element: Buffer): Buffer {
  return Buffer.concat([uvarint(count + 1), Buffer.alloc(count * element.length, element)]);
}

export const compactNull: Buffer = uvarint(0);
export const noTags: Buffer = uvarint(0);

export interface RequestParts {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string;
  readonly body: readonly Buffer[];
}

/** One framed request with header v2, which every flexible version has (its client id is still the old string form). */
export function flexibleRequest({ apiKey, apiVersion, correlationId, clientId, body }: RequestParts): Buffer {
  const client = Buffer.from(clientId);
  const content = Buffer.concat([
    int16(apiKey),
    int16(apiVersion),
    int32(correlationId),
    int16(client.length),
    client,
    noTags,
    ...body,
  ]);
  return Buffer.concat([int32(content.length), content]);
}
