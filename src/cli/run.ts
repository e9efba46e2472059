import { Command, CommanderError, Option } from 'commander';
import { COMMAND, CommandError, oneLine, USAGE } from './errors.js';
import type { Io } from './io.js';
import type { GenerateFlags, ServerFlags } from './messages/commands.js';
import { packageVersion } from './package.js';
import { flags, type Flags } from './settings.js';

/** Runs the command with its arguments; answers with the exit code. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  const program = makeProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommandError) {
      io.err(`${COMMAND}: ${oneLine(error.message)}\n`);
      return error.exitCode;
    }
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0; // --help, --version
    if (error.code !== 'commander.help') io.err(`${COMMAND}: ${oneLine(error.message.replace(/^error: /, ''))}\n`);
    return USAGE;
  }
}

// What the commands do is loaded when one of them is called.
function makeProgram(io: Io, setExitCode: (code: number) => void): Command {
  const program = new Command(COMMAND)
    .description('A Kafka port in front of a backend that is not Kafka.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    // So that `--version` behind a subcommand is that of a message.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      outputError: () => undefined,
    });

  const serve = program
    .command('serve')
    .description('Listen for Kafka clients until SIGTERM or SIGINT.')
    .action(async (given: Flags) => {
      setExitCode(await (await import('./serve.js')).serve(given, io));
    });
  for (const { flag, help, repeatable, isHidden } of flags) {
    if (isHidden) serve.addOption(new Option(flag).hideHelp());
    else if (repeatable) serve.option(flag, help, (value, before?: string) => [before ?? [], value].flat().join('\n'));
    else serve.option(flag, help);
  }
  serve.addHelpText('after', SERVE_HELP);

  const messages = program
    .command('messages')
    .description('Make and send wire messages, as Kafka itself writes them.')
    .helpCommand(false);
  messages
    .command('list')
    .description('List every API with its versions.')
    .action(async () => {
      (await import('./messages/commands.js')).list(io);
    });
  withSelection(messages.command('generate'), 'rich')
    .description('Write a complete framed request for each API and version, such as 003_Metadata_v9.bin.')
    .option('--output <dir>', 'folder for the files (default: the current one)')
    .option('--hex', 'write hex: into .hex files, or without --output to the standard output')
    .action(async (given: GenerateFlags) => {
      await (await import('./messages/commands.js')).generate(given, io);
    });
  withServer(withSelection(messages.command('send'), 'rich'))
    .description('Send each message and print what is answered: bytes and error code.')
    .addHelpText('after', EFFECTS_HELP)
    .action(async (given: ServerFlags) => {
      await (await import('./messages/commands.js')).send(given, io);
    });
  withServer(withSelection(messages.command('verify')))
    .description('Send every message whose version the server advertises; fail unless each answer comes and decodes.')
    .addHelpText('after', EFFECTS_HELP)
    .action(async (given: ServerFlags) => {
      setExitCode(await (await import('./messages/commands.js')).verify(given, io));
    });
  return program;
}

function withSelection(command: Command, kind?: string): Command {
  return command
    .option('--api-key <key>', 'only this API; may be given several times', (key, keys?: string[]) => [
      ...(keys ?? []),
      key,
    ])
    .option('--version <version>', 'only this version')
    .option('--kind <kind>', 'what the fields hold: minimal, rich, nulls, nestedNulls', kind);
}

function withServer(command: Command): Command {
  return command
    .option('--host <host:port>', 'the server', '127.0.0.1:9093')
    .option('--timeout-ms <ms>', 'how long connecting and each answer may take', '5000');
}

const SERVE_HELP = `
Each setting has the environment variable in brackets; a flag goes first. The advertised address has
IGGY_KAFKA_ADVERTISED_HOST and IGGY_KAFKA_ADVERTISED_PORT. KAFKA_BIND_ADDR, KAFKA_ADVERTISED_HOST and
KAFKA_ADVERTISED_PORT are understood as well.`;

const EFFECTS_HELP = `
The messages are real requests: a server that stores things may create topics for them.`;
