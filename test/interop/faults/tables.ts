import type { Share } from './cuts.js';

/** What one client did while connections were cut. */
export interface CutRow {
  readonly client: string;
  readonly idempotent: boolean;
  readonly records: number;
  readonly produce: Share;
  readonly fetch: Share;
  /** Records that are stored more than once. */
  readonly twice: number;
  /** Records that the consumer got more than once. */
  readonly again: number;
}
