import { constants } from 'node:os';
import { createKafkaGateway, errorName, type KafkaGateway, OptionError } from '../index.js';
import { backends } from './backends.js';
import { CommandError, describeError, FAILURE, oneLine, USAGE } from './errors.js';
import type { Io, StopSignal } from './io.js';
import { logEvents } from './log.js';
import { type Flags, readSettings, type Settings } from './settings.js';
import { formatEndpoint, wrongValue } from './values.js';

/** How long what does not let go, such as a timer of a backend, may keep the process once all is closed. */
const EXIT_MS = 1_000;

/** Serves until a signal comes; answers with the exit code. */
export async function serve(flags: Flags, io: Io): Promise<number> {
  const settings = readSettings(flags, io.env);
  const backend = await backends[settings.backend](settings);
  const gateway = create({ ...settings.options, backend }, settings);
  const say = (line: string): void => io.err(`iggy-gateway-kafka: ${line}\n`);
  logEvents(gateway, settings.logLevel, errorName, say);

  const { stopped, forget } = waitForStop(io);
  try {
    const endpoint = await listen(gateway);
    const advertised = formatEndpoint(gateway.advertised ?? endpoint);
    const bound = formatEndpoint(endpoint);
    const as = advertised === bound ? '' : `, advertised as ${advertised}`;
    io.out(oneLine(`iggy-gateway-kafka: listening on ${bound}${as} (backend ${backend.name})`) + '\n');
    const signal = await stopped;
    if (settings.logLevel !== 'quiet') say(`${signal}: closing`);
    await gateway.close(settings.close);
  } finally {
    forget();
  }
  setTimeout(() => io.exit(0), EXIT_MS).unref();
  return 0;
}
