import type { Backend, BrokerIdentity } from '../contract/index.js';
import { Reader } from '../protocol/reader.js';
import { answerApiVersions } from './api-versions.js';
import type { Dispatch } from './dispatch.js';
import { Firewall, type FirewallOptions, type Handler } from './firewall.js';
import { readIdentity } from './identity.js';
import { RequestWarnings } from './request-warnings.js';

// The gateway imports this module when it starts to listen, and with it everything that handles requests.

export { Session } from './session.js';

/** Options of the gateway that concern requests. */
type DispatchOptions = FirewallOptions &
  Pick<Dispatch, 'maxDecodedElements' | 'requestTimeoutMs' | 'onUnsupportedVersion'>;

/**
 * Creates the state that the sessions of a gateway share. Called after the backend was opened.
 *
 * @throws OptionError, as a rejection, for an invalid identity, invalid features or invalid versions.
 */
export async function createDispatch(
  gateway: Pick<Dispatch, 'backend' | 'events' | 'counters' | 'responses'>,
  { maxDecodedElements, requestTimeoutMs, onUnsupportedVersion, ...firewallOptions }: DispatchOptions,
): Promise<Dispatch> {
  return {
    ...gateway,
    firewall: await createFirewall(gateway.backend, firewallOptions),
    warnings: new RequestWarnings(),
    reader: new Reader(Buffer.alloc(0)),
    maxDecodedElements,
    requestTimeoutMs,
    onUnsupportedVersion,
  };
}

async function createFirewall(backend: Backend, options: FirewallOptions): Promise<Firewall> {
  const identity = (): BrokerIdentity | null => readIdentity(backend);
  // Rejects an invalid identity now instead of with the first request.
  identity();
  // Runs for requests only, which arrive after the firewall is created.
  const answer: Handler = (request, context) =>
    answerApiVersions(firewall.answer, request as never, context as never, identity);
  const firewall = await Firewall.create(backend, answer, options);
  return firewall;
}
