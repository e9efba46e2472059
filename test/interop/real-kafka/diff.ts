/** Fields that tell the elements of a list apart. */
const NAMES = [
  'name',
  'topic',
  'groupId',
  'topicName',
  'resourceName',
  'memberId',
  'key',
  'apiKey',
  'partitionIndex',
  'partition',
  'index',
];

/** Every place where two normalized answers are not the same, as `path: theirs | ours`. */
export function differencesOf(theirs: unknown, ours: unknown, path = ''): string[] {
  if (JSON.stringify(theirs) === JSON.stringify(ours)) return [];
  if (isObject(theirs) && isObject(ours)) {
    // What comes with a refusal follows from it.
    if (theirs.errorCode !== ours.errorCode) {
      return differencesOf(theirs.errorCode, ours.errorCode, path === '' ? 'errorCode' : `${path}.errorCode`);
    }
    const names = new Set([...Object.keys(theirs), ...Object.keys(ours)]);
    return [...names].flatMap((name) =>
      differencesOf(theirs[name], ours[name], path === '' ? name : `${path}.${name}`),
    );
  }
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    const [one, other] = [byName(theirs), byName(ours)];
    const names = new Set([...one.keys(), ...other.keys()]);
    return [...names].flatMap((name) => differencesOf(one.get(name), other.get(name), `${path}[${name}]`));
  }
  return [`${path}: ${textOf(theirs)} | ${textOf(ours)}`];
}

function byName(list: readonly unknown[]): Map<string, unknown> {
  for (const field of NAMES) {
    const named = new Map(list.map((each) => [String(isObject(each) ? each[field] : undefined), each]));
    if (named.size === list.length && !named.has('undefined')) return named;
  }
  return new Map(list.map((each, index) => [String(index), each]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
