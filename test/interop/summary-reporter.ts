import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** At the end: what each client printed, then one line for each client and scenario. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const lines = [...tests.flatMap(printed), '', 'Real clients:', ...tests.map(summary), ''];
    console.log(lines.join('\n'));
    const skipped = tests.filter((test) => test.result().state === 'skipped').length;
    if (skipped === 0) return;
    console.log(`${skipped} skipped, for want of a client: test/interop/install.sh installs them all.`);
    // A CI machine has to have them all.
    if (!['', '0', 'false', undefined].includes(process.env['CI'])) process.exitCode = 1;
  }
}

function annotation(test: TestCase, type: string): string | undefined {
  return test.annotations().find((entry) => entry.type === type)?.message;
}

function printed(test: TestCase): string[] {
  return test
    .annotations()
    .filter(({ type }) => type === 'output')
    .flatMap(({ message }) => ['', `${test.fullName}:`, ...message.split('\n').map((line) => `  ${line}`)]);
}

function summary(test: TestCase): string {
  const result = test.result();
  const client = annotation(test, 'client') ?? (test.parent.type === 'suite' ? test.parent.name : '');
  const unsupported = annotation(test, 'unsupported') ?? annotation(test, 'lacking');
  const left = result.state === 'skipped' ? result.note : undefined;
  const note = unsupported ?? left ?? annotation(test, 'measured');
  const state = result.state === 'passed' && unsupported !== undefined ? 'n/a' : result.state;
  return `  ${state.padEnd(7)} ${client} | ${test.name}${note === undefined ? '' : ` (${note})`}`;
}
