export { all, type Awaitable, isPromise } from '../awaitable.js';
export { checkInteger, MAX_TIMER_MS } from '../checks.js';
export { GatewayError, OptionError } from '../errors.js';
export { checkOptionNames, nearestName } from '../option-names.js';
export { settles } from '../settles.js';
export { CodedError } from '../protocol/errors.js';
export type { ApiName } from '../protocol/apis.js';
export type { VersionRange } from '../protocol/codec.js';
export { ErrorCode, errorName, type ErrorName, isFailureCode } from '../protocol/error-codes.js';
export {
  type ApiHandler,
  type Backend,
  type BackendState,
  type BackendStatus,
  type BrokerIdentity,
  defineBackend,
  type Features,
  type GatewayHandle,
} from './backend.js';
export type { BackendMethods } from './backend-methods.js';
export { KafkaError } from './kafka-error.js';
export {
  type AbortCause,
  type ConnectionInfo,
  type Endpoint,
  type Principal,
  RequestAbortedError,
  type RequestContext,
} from './request.js';
