import type { ReadElement } from './reader.js';
import type { WriteElement } from './writer.js';

// Functions with which generated code reads and writes the elements of arrays of primitive types.

export const readInt8: ReadElement<number> = (reader) => reader.int8();
export const readBool: ReadElement<boolean> = (reader) => reader.bool();
export const readInt16: ReadElement<number> = (reader) => reader.int16();
export const readUint16: ReadElement<number> = (reader) => reader.uint16();
export const readInt32: ReadElement<number> = (reader) => reader.int32();
export const readInt64: ReadElement<bigint> = (reader) => reader.int64();
export const readFloat64: ReadElement<number> = (reader) => reader.float64();
export const readUuid: ReadElement<string> = (reader) => reader.uuid();
export const readString: ReadElement<string> = (reader) => reader.string(false);
export const readCompactString: ReadElement<string> = (reader) => reader.string(true);
export const readBytes: ReadElement<Buffer> = (reader) => reader.bytes(false);
export const readCompactBytes: ReadElement<Buffer> = (reader) => reader.bytes(true);

export const writeInt8: WriteElement<number> = (writer, value) => {
  writer.int8(value);
};
export const writeBool: WriteElement<boolean> = (writer, value) => {
  writer.bool(value);
};
export const writeInt16: WriteElement<number> = (writer, value) => {
  writer.int16(value);
};
export const writeUint16: WriteElement<number> = (writer, value) => {
  writer.uint16(value);
};
export const writeInt32: WriteElement<number> = (writer, value) => {
  writer.int32(value);
};
export const writeInt64: WriteElement<bigint> = (writer, value) => {
  writer.int64(value);
};
export const writeFloat64: WriteElement<number> = (writer, value) => {
  writer.float64(value);
};
export const writeUuid: WriteElement<string> = (writer, value) => {
  writer.uuid(value);
};
export const writeString: WriteElement<string> = (writer, value) => {
  writer.string(value, false);
};
export const writeCompactString: WriteElement<string> = (writer, value) => {
  writer.string(value, true);
};
export const writeBytes: WriteElement<Uint8Array> = (writer, value) => {
  writer.bytes(value, false);
};
export const writeCompactBytes: WriteElement<Uint8Array> = (writer, value) => {
  writer.bytes(value, true);
};
