import { constants } from 'node:os';
import {
  type Backend,
  createKafkaGateway,
  type Endpoint,
  errorName,
  type KafkaGateway,
  OptionError,
} from '../index.js';
import { type BackendHost, backends } from './backends.js';
import { COMMAND, CommandError, describeError, FAILURE, oneLine, USAGE } from './errors.js';
import type { Io, StopSignal } from './io.js';
import { logEvents } from './log.js';
import { type Flags, readSettings, type Settings } from './settings.js';
import { tuneProcess } from './tuning.js';
import { formatEndpoint, wrongValue } from './values.js';

/** How long what does not let go, such as a timer of a backend, may keep the process once all is closed. */
const EXIT_MS = 1_000;

const NO_WILDCARD =
  'clients cannot connect to every address: name the host that they should connect to with --advertised';

/** Serves until a signal comes; answers with the exit code. */
export async function serve(flags: Flags, io: Io): Promise<number> {
  tuneProcess();
  const settings = readSettings(flags, io.env);
  const say = (line: string): void => io.err(`${COMMAND}: ${line}\n`);
  const { stopped, forget } = waitForStop(io);
  try {
    const warn = (message: string): void => {
      if (settings.logLevel !== 'quiet') say(oneLine(message));
    };
    const backend = await makeBackend(settings, { cwd: io.cwd, warn });
    const gateway = create(settings, backend);
    logEvents(gateway, settings.logLevel, errorName, say);
    const endpoint = await listen(gateway);
    const bound = formatEndpoint(endpoint);
    const advertised = formatEndpoint(gateway.advertised ?? endpoint);
    const as = advertised === bound ? '' : `, advertised as ${advertised}`;
    io.out(oneLine(`${COMMAND}: listening on ${bound}${as} (backend ${backend.name})`) + '\n');
    const signal = await stopped;
    if (settings.logLevel !== 'quiet') say(`${signal}: closing`);
    await gateway.close(settings.close);
    if (settings.logLevel !== 'quiet') say('closed');
  } catch (error) {
    letGo(io, error instanceof CommandError ? error.exitCode : FAILURE);
    throw error;
  } finally {
    forget();
  }
  letGo(io, 0);
  return 0;
}

/** Ends the process if something still keeps it, such as a connection of a client that does not answer. */
function letGo(io: Io, exitCode: number): void {
  setTimeout(() => io.exit(exitCode), EXIT_MS).unref();
}

async function makeBackend(settings: Settings, host: BackendHost): Promise<Backend> {
  try {
    return await backends[settings.backend](settings, host);
  } catch (error) {
    if (settings.configBy === undefined || !(error instanceof OptionError)) throw error;
    // Where it is about the configs together, their value says nothing.
    const why = error.message.replace(/^option config is an object; /, '');
    throw new CommandError(USAGE, `${settings.configBy.name}: ${why}`);
  }
}

function create(settings: Settings, backend: Backend): KafkaGateway {
  try {
    return createKafkaGateway({ ...settings.options, backend });
  } catch (error) {
    const { advertisedBy } = settings;
    const wildcard = error instanceof OptionError && error.option === 'listener.advertised.host';
    throw wildcard && advertisedBy ? wrongValue(advertisedBy, NO_WILDCARD) : error;
  }
}

async function listen(gateway: KafkaGateway): Promise<Endpoint> {
  try {
    return await gateway.listen();
  } catch (error) {
    throw new CommandError(FAILURE, `cannot start: ${describeError(error)}`);
  }
}

/** The first signal settles `stopped`, the second ends the process. */
function waitForStop(io: Io): { readonly stopped: Promise<StopSignal>; readonly forget: () => void } {
  let stop: ((signal: StopSignal) => void) | null = null;
  const stopped = new Promise<StopSignal>((resolve) => {
    stop = resolve;
  });
  const forget = io.onSignal((signal) => {
    if (stop === null) io.exit(128 + constants.signals[signal]);
    stop?.(signal);
    stop = null;
  });
  return { stopped, forget };
}
