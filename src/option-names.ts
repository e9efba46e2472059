import { distance } from 'fastest-levenshtein';
import { OptionError } from './errors.js';

const NONE_RENAMED: ReadonlyMap<string, string> = new Map();

/**
 * Refuses options that there are not: one that nobody reads would change nothing, and nobody would hear of it.
 *
 * @param prefix - Path of the object with a dot behind it, such as `listener.`; empty for the options themselves.
 * @param names - What there is, the most telling first.
 * @param renamed - New names of options that had another one, by the old name; text may follow a semicolon.
 * @throws OptionError naming the option, its value and its new name, the nearest name, or all names if none is near; or
 * that the options are no object.
 */
export function checkOptionNames(
  prefix: string,
  options: unknown,
  names: readonly string[],
  renamed: ReadonlyMap<string, string> = NONE_RENAMED,
): void {
  if (typeof options !== 'object' || options === null) {
    const example = `an object such as { ${names.slice(0, 2).join(', ')} }`;
    if (prefix === '') throw new OptionError('options', options, `they are ${example}`);
    throw new OptionError(prefix.slice(0, -1), options, `it is ${example}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (names.includes(name)) continue;
    const now = renamed.get(name);
    if (now !== undefined) throw new OptionError(prefix + name, value, `renamed to ${prefix}${now}`);
    throw new OptionError(prefix + name, value, `there is no such option; ${suggestName(prefix, name, names)}`);
  }
}

/** Names the nearest of some names, or all of them if none is near. */
export function suggestName(prefix: string, name: string, names: readonly string[]): string {
  const best = nearestName(name, names);
  // What differs in more than half of its letters was not meant.
  const near = distance(name.toLowerCase(), best.toLowerCase()) * 2 <= name.length;
  return near ? `did you mean ${prefix}${best}?` : `there are ${names.join(', ')}`;
}

/** The one of some names that differs least from another, whatever the case. */
export function nearestName(name: string, names: readonly string[]): string {
  const wanted = name.toLowerCase();
  let best = names[0]!;
  let least = Infinity;
  for (const candidate of names) {
    const differs = distance(wanted, candidate.toLowerCase());
    if (differs >= least) continue;
    best = candidate;
    least = differs;
  }
  return best;
}
