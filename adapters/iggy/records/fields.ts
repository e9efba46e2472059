import { HeaderKind, type IggyHeaderField } from '../sdk/client.js';

// Kinds of fixed size, by the numbers of Iggy's protocol; what is not listed is bytes already.
const INT8 = 4;
const INT16 = 5;
const INT32 = 6;
const UINT8 = 9;
const UINT16 = 10;
const UINT32 = 11;
const UINT64 = 12;
const FLOAT = 14;

/** The bytes of a header's key or value, which the SDK has made a value of: as they are stored, little-endian. */
export function fieldBytes({ kind, value }: IggyHeaderField): Buffer {
  switch (typeof value) {
    case 'object':
      return value;
    case 'string':
      return Buffer.from(value);
    case 'boolean':
      return Buffer.of(value ? 1 : 0);
    case 'bigint':
      return bigintBytes(kind, value);
    default:
      return numberBytes(kind, value);
  }
}

/** The name of a header as text; what is not UTF-8 in it becomes U+FFFD. */
export function fieldText(field: IggyHeaderField): string {
  return typeof field.value === 'string' ? field.value : fieldBytes(field).toString();
}

function bigintBytes(kind: number, value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  if (kind === UINT64) bytes.writeBigUInt64LE(value);
  else bytes.writeBigInt64LE(value);
  return bytes;
}

function numberBytes(kind: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  switch (kind) {
    case INT8:
      return bytes.subarray(0, bytes.writeInt8(value));
    case UINT8:
      return bytes.subarray(0, bytes.writeUInt8(value));
    case INT16:
      return bytes.subarray(0, bytes.writeInt16LE(value));
    case UINT16:
      return bytes.subarray(0, bytes.writeUInt16LE(value));
    case INT32:
      return bytes.subarray(0, bytes.writeInt32LE(value));
    case UINT32:
      return bytes.subarray(0, bytes.writeUInt32LE(value));
    case FLOAT:
      return bytes.subarray(0, bytes.writeFloatLE(value));
    default:
      return bytes.subarray(0, bytes.writeDoubleLE(value));
  }
}

/** Whether a header has this text for a name: the mapping's own names are text, whatever else has the same bytes. */
export function isNamed(key: IggyHeaderField, name: string): boolean {
  return key.value === name && key.kind === HeaderKind.STRING;
}
