export {
  connectSocket,
  WireClosedError,
  WireConnection,
  type WireConnectionOptions,
  WireTimeoutError,
} from './connection.js';
export { answeredVersion, decodeResponseFrame, encodeRequestFrame, type ResponseCodec, WireFrame } from './frames.js';
export { type ClientCodec, WireClient } from './wire-client.js';
