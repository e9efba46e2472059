import { checkInteger, MAX_INT32 } from '../checks.js';
import type { Backend, BrokerIdentity } from '../contract/index.js';
import { OptionError } from '../errors.js';

/** Returns the identity of a backend; null if it has none. @throws OptionError with the invalid field and its value. */
export function readIdentity(backend: Backend): BrokerIdentity | null {
  const identity: unknown = backend.identity?.() ?? null;
  if (identity === null) return null;
  if (typeof identity !== 'object') {
    throw new OptionError('backend.identity()', identity, 'expected { clusterId, nodeId }, or null');
  }
  const { clusterId, nodeId } = identity as Readonly<Record<keyof BrokerIdentity, unknown>>;
  if (typeof clusterId !== 'string' || clusterId === '') {
    throw new OptionError('backend.identity().clusterId', clusterId, 'expected a string that is not empty');
  }
  return { clusterId, nodeId: checkInteger('backend.identity().nodeId', nodeId, 0, MAX_INT32) };
}
