const MAX_NAME_LENGTH = 249;

/** Why a topic cannot be called so; null when it can. */
export function topicNameProblem(name: string): string | null {
  if (name === '') return 'Topic name is empty';
  if (name === '.' || name === '..') return `Topic name cannot be "." or ".."`;
  if (name.length > MAX_NAME_LENGTH) {
    return `Topic name is longer than ${String(MAX_NAME_LENGTH)} characters: '${name.slice(0, MAX_NAME_LENGTH)}…'`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `Topic name '${name}' has characters other than ASCII letters and digits, '.', '_' and '-'`;
  }
  return null;
}

/** Names that differ only in '.' and '_' collide: metrics are named by them. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}

export function hasCollisionChars(name: string): boolean {
  return name.includes('.') || name.includes('_');
}
