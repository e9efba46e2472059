import { describe, expect, it } from 'vitest';
import { compileApi } from '../../../support/compile-api.js';

function fit(response: string) {
  return compileApi(`api 900 Made 0-5 flexible 4+\n\nrequest\n  a int8\nresponse\n${response}`).fitResponse;
}

describe('a response is fitted to a version', () => {
  it('by dropping what that would refuse, and nothing else', () => {
    const fitted = fit(`  errorCode int16 0-2
  plain int32
  early int32 0-2
  late int32 3+
  dropped int32 3+ ignorable
  tagged int32 4+ tag 0
`)!;
    const response = { errorCode: 1, plain: 1, early: 1, late: 1, dropped: 1, tagged: 1 };
    expect(fitted(response, 2)).toEqual({ ...response, late: undefined, tagged: undefined });
    expect(fitted(response, 3)).toEqual({ ...response, errorCode: 0, early: undefined, tagged: undefined });
    expect(fitted(response, 5)).toEqual({ ...response, errorCode: 0, early: undefined });
  });

  it('down to the last struct, also where that is null or left out', () => {
    const fitted = fit(`  list []Item null 0+
    n int32 3+
  one Other
    n int32 3+
  maybe Third null 0+ = null
    n int32 3+
`)!;
    expect(fitted({ list: [{ n: 1 }], one: { n: 1 }, maybe: { n: 1 } }, 2)).toEqual({
      list: [{ n: undefined }],
      one: { n: undefined },
      maybe: { n: undefined },
    });
    expect(fitted({ list: null, one: { n: 1 }, maybe: null }, 2)).toEqual({
      list: null,
      one: { n: undefined },
      maybe: null,
    });
    const latest = { list: [{ n: 1 }], one: { n: 1 } };
    expect(fitted(latest, 3)).toBe(latest);
  });

  it('by nothing where every version takes all', () => {
    expect(fit('  errorCode int16\n  late int32 3+ ignorable\n')).toBeUndefined();
  });
});
