import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { IggyClient } from '../../adapters/iggy/index.js';
import { CommandError, describeError, FAILURE } from './errors.js';

const SDK = 'apache-iggy';
/** The version that the guide names: 0.10 goes with server 0.9. */
const SDK_VERSION = '0.10.0';

/** What the command uses of Iggy's Node SDK. */
export interface IggySdk {
  readonly Client: new (config: {
    readonly transport: 'TCP';
    readonly options: { readonly host: string; readonly port: number };
    readonly credentials: { readonly username: string; readonly password: string };
    readonly reconnect: { readonly enabled: boolean; readonly interval: number; readonly maxRetries: number };
  }) => IggyClient;
}

/**
 * Loads Iggy's Node SDK from where its user has installed it: seen from the folder that the command was called in, or else
 * from this package.
 *
 * @throws CommandError when it is not there, or is something else.
 */
export async function loadIggySdk(cwd: string): Promise<IggySdk> {
  const file = resolve(join(cwd, 'package.json')) ?? resolve(import.meta.url);
  if (file === null) {
    throw new CommandError(
      FAILURE,
      `--backend iggy needs Iggy's Node SDK, which is not installed in ${cwd}: npm install ${SDK}@${SDK_VERSION}`,
    );
  }
  let sdk: Partial<IggySdk>;
  try {
    sdk = (await import(pathToFileURL(file).href)) as Partial<IggySdk>;
  } catch (error) {
    throw new CommandError(FAILURE, `Iggy's Node SDK does not load from ${file}: ${describeError(error)}`);
  }
  if (typeof sdk.Client !== 'function') {
    throw new CommandError(FAILURE, `${file} has no Client, as Iggy's Node SDK has: npm install ${SDK}@${SDK_VERSION}`);
  }
  return sdk as IggySdk;
}

function resolve(from: string): string | null {
  try {
    return createRequire(from).resolve(SDK);
  } catch {
    return null;
  }
}
