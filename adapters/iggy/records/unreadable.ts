/** Why a message cannot be read as a Kafka record. */
export type UnreadableReason =
  /** `kafka.v` names another version of the mapping. */
  | 'mappingVersion'
  /** `kafka.value` is neither `null` nor `empty`. */
  | 'valueMarker'
  /** `kafka.ts` is no timestamp. */
  | 'timestamp'
  /** `kafka.envelope` names another version, or the payload is not an envelope. */
  | 'envelope'
  /** The name of a header in an envelope is not UTF-8. */
  | 'headerName';

/** A message that is skipped, since it cannot be read: it claims to be a Kafka record (`kafka.v`) and is none. */
export class Unreadable {
  constructor(
    readonly reason: UnreadableReason,
    /** What was found, for a log. */
    readonly detail: string,
  ) {}
}
