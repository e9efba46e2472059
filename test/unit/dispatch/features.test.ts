import type { Features } from 'iggy-gateway-kafka';
import { describe, expect, test } from 'vitest';
import { describeFeatures } from '../../../src/dispatch/features.js';

describe('features', () => {
  test('are told as ApiVersions has them', () => {
    const features = {
      supported: { 'group.version': { min: 0, max: 1 }, 'metadata.version': { min: 7, max: 30 } },
      finalized: { 'metadata.version': 30, 'kraft.version': 1 },
      finalizedEpoch: 86n,
    };
    expect(describeFeatures(features)).toEqual({
      supportedFeatures: [
        { name: 'group.version', minVersion: 0, maxVersion: 1 },
        { name: 'metadata.version', minVersion: 7, maxVersion: 30 },
      ],
      finalizedFeatures: [
        { name: 'metadata.version', minVersionLevel: 30, maxVersionLevel: 30 },
        { name: 'kraft.version', minVersionLevel: 1, maxVersionLevel: 1 },
      ],
      finalizedFeaturesEpoch: 86n,
    });
  });

  test('that are finalized have an epoch, or clients would take no notice of them', () => {
    expect(describeFeatures({ finalized: { 'group.version': 1 } })).toMatchObject({ finalizedFeaturesEpoch: 0n });
    expect(describeFeatures({})).toEqual({ supportedFeatures: [] });
  });

  test.each<[object, string, unknown, string]>([
    [{ supported: { f: { min: -1, max: 1 } } }, 'supported.f.min', -1, 'from 0 to 32767'],
    [{ supported: { f: { min: 2, max: 1 } } }, 'supported.f.max', 1, 'from 2 to 32767'],
    [{ supported: { f: { min: 0, max: 0 } } }, 'supported.f.max', 0, 'from 1 to 32767'],
    [{ supported: { f: { min: 0, max: 40_000 } } }, 'supported.f.max', 40_000, 'from 1 to 32767'],
    [{ supported: { f: undefined } }, 'supported.f.min', undefined, 'from 0 to 32767'],
    [{ finalized: { f: 0 } }, 'finalized.f', 0, 'from 1 to 32767'],
    [{ finalized: { f: '1' } }, 'finalized.f', '1', 'from 1 to 32767'],
    [{ supported: { f: { min: 1, max: 2 } }, finalized: { f: 3 } }, 'finalized.f', 3, 'from 1 to 2'],
    [{ finalized: { f: 1 }, finalizedEpoch: -1n }, 'finalizedEpoch', -1n, 'a bigint from 0 on'],
    [{ finalized: { f: 1 }, finalizedEpoch: 5 }, 'finalizedEpoch', 5, 'a bigint from 0 on'],
    [{ finalized: { f: 1 }, finalizedEpoch: 2n ** 63n }, 'finalizedEpoch', 2n ** 63n, 'a bigint from 0 on'],
  ])('%o are refused', (features, field, value, wanted) => {
    const error = failure(features);
    expect(error).toMatchObject({ name: 'OptionError', option: `backend.features.${field}`, value });
    expect((error as Error).message).toContain(wanted);
  });

  test('that are no object are refused', () => {
    expect(failure('group.version')).toMatchObject({ option: 'backend.features', value: 'group.version' });
  });
});

function failure(features: unknown): unknown {
  try {
    return describeFeatures(features as Features);
  } catch (thrown) {
    return thrown;
  }
}
