import { describe, expect, test } from 'vitest';
import { commandFailure, storeError } from '../../../../adapters/iggy/sdk/failures.js';

/** As the SDK says what the server said. */
function refused(code: number, name: string, message: string): Error {
  const text = `command: { code: 1, name: ${name} } error: {code: ${String(code)}, message: ${message} }`;
  return Object.assign(new Error(text), { errorCode: code });
}

describe('what the server said is told by itself, with the command and the code', () => {
  test.each([
    [41, 'CreateTopic', 'Unauthorized', "the gateway's user lacks a right: CreateTopic: Unauthorized (error 41)"],
    [42, 'unknown_command_code_0', 'Invalid credentials', 'Invalid credentials (error 42)'],
    [1009, 'GetStream', 'Stream with ID: {0} was not found.', 'GetStream: Stream with ID was not found (error 1009)'],
    [1019, 'CreateTopic', 'Size: {0} < segment: {1}.', 'CreateTopic: Size < segment (error 1019)'],
  ])('%i', (code, name, message, said) => {
    expect(commandFailure(refused(code, name, message))).toMatchObject({
      code: 'REFUSED',
      errorCode: code,
      message: said,
    });
  });
});

test('what is said otherwise is told as it is', () => {
  const failure = storeError(new Error('connect ECONNREFUSED 127.0.0.1:1'), 'topics cannot be listed');
  expect(failure.message).toBe('Iggy: topics cannot be listed: connect ECONNREFUSED 127.0.0.1:1');
});
