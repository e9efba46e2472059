import { checkInteger } from '../checks.js';
import type { Features, VersionRange } from '../contract/index.js';
import { OptionError } from '../errors.js';
import type { ApiVersionsResponseInit } from '../protocol/messages/api-versions.js';

const MAX_LEVEL = 0x7fff;
/** Default epoch, because clients ignore features without an epoch. */
const FIRST_EPOCH = 0n;

/** Returns the feature fields of ApiVersions. @throws OptionError with the invalid feature. */
export function describeFeatures(
  features: Features,
): Pick<ApiVersionsResponseInit, 'supportedFeatures' | 'finalizedFeatures' | 'finalizedFeaturesEpoch'> {
  if (typeof features !== 'object') {
    throw new OptionError('backend.features', features, 'it is an object such as { supported, finalized }');
  }
  const { supported = {}, finalized = {}, finalizedEpoch = FIRST_EPOCH } = features;
  const supportedFeatures = Object.entries<VersionRange | undefined>(supported).map(([name, range]) => {
    const minVersion = checkLevel(`supported.${name}.min`, range?.min, 0, MAX_LEVEL);
    const maxVersion = checkLevel(`supported.${name}.max`, range?.max, Math.max(1, minVersion), MAX_LEVEL);
    return { name, minVersion, maxVersion };
  });
  const finalizedFeatures = Object.entries(finalized).map(([name, level]) => {
    const { min, max }: VersionRange = supported[name] ?? { min: 1, max: MAX_LEVEL };
    checkLevel(`finalized.${name}`, level, Math.max(1, min), max);
    // Finalized levels are no longer ranges: minimum and maximum are equal.
    return { name, minVersionLevel: level, maxVersionLevel: level };
  });
  if (finalizedFeatures.length === 0) return { supportedFeatures };
  if (
    typeof finalizedEpoch !== 'bigint' ||
    BigInt.asIntN(64, finalizedEpoch) !== finalizedEpoch ||
    finalizedEpoch < 0n
  ) {
    throw new OptionError('backend.features.finalizedEpoch', finalizedEpoch, 'it is a bigint from 0 on, of 64 bits');
  }
  return { supportedFeatures, finalizedFeatures, finalizedFeaturesEpoch: finalizedEpoch };
}

function checkLevel(field: string, value: unknown, min: number, max: number): number {
  return checkInteger(`backend.features.${field}`, value, min, max);
}
