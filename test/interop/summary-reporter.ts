import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** At the end: what each client printed, then one line for each client and scenario. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const lines = [...tests.flatMap(printed), '', 'Real clients:', ...tests.map(summary), ''];
    console.log(lines.join('\n'));
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
  const note = result.state === 'skipped' && result.note !== undefined ? ` (${result.note})` : '';
  return `  ${result.state.padEnd(7)} ${client} | ${test.name}${note}`;
}
