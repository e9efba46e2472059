/** A connection that shares the budget. */
export interface BudgetMember {
  /** Whether a frame has begun to arrive and is not complete. */
  readonly midFrame: boolean;
  /** Called when the member may try to read again. */
  mayReadAgain(): void;
}

/** Number of bytes that a resumed member may read before the budget is checked again. */
const READ_BYTES = 64 * 1024;

/**
 * The number of bytes that all connections of a gateway hold: frames that are arriving or being handled, and responses
 * that clients have not read. At the limit, reading pauses.
 *
 * One connection with an incomplete frame always continues to read. Otherwise many incomplete frames could fill the
 * budget, and none of them would ever be completed, handled and freed.
 */
export class InFlightBytes {
  private readonly limit: number;
  private usedBytes = 0;
  private favoured: BudgetMember | null = null;
  private readonly waiting = new Set<BudgetMember>();
  private wakesLater = false;

  /** @param limit - Limit in bytes. One frame and the responses being written may exceed it. */
  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.usedBytes;
  }

  /** Whether the limit is reached. */
  get full(): boolean {
    return this.usedBytes >= this.limit;
  }

  /** Whether a member reads while others wait for memory. */
  favours(member: BudgetMember): boolean {
    return this.favoured === member;
  }

  /** Adds to the bytes that a member holds; negative to subtract. */
  change(bytes: number): void {
    this.usedBytes += bytes;
    if (bytes < 0 && this.waiting.size > 0) this.wake();
  }

  /**
   * Whether a member may read. If not, `Connection` pauses its socket, and the member is called when it may try again.
   */
  mayRead(member: BudgetMember): boolean {
    if (!this.full) {
      this.waiting.delete(member);
      return true;
    }
    if (this.favoured !== null && !this.favoured.midFrame) this.favoured = null;
    if (this.favoured === null && member.midFrame) this.favoured = member;
    if (this.favoured === member) {
      this.waiting.delete(member);
      return true;
    }
    this.waiting.add(member);
    if (this.favoured === null) this.favourNext();
    return false;
  }

  /**
   * A member does not read for now: it is gone, or has reasons of its own, or its frame is complete and others have
   * half a frame. If it is favoured, the next one is. It may ask again.
   */
  pass(member: BudgetMember): void {
    this.waiting.delete(member);
    if (this.favoured !== member) return;
    this.favoured = null;
    if (this.full) this.favourNext();
  }

  private wake(): void {
    let room = this.limit - this.usedBytes;
    for (const member of this.waiting) {
      if (room <= 0) break;
      room -= READ_BYTES;
      this.waiting.delete(member);
      member.mayReadAgain();
    }
    if (this.waiting.size > 0 && !this.full) this.wakeLater();
  }

  /**
   * Those who were told may have nothing to read, and then nothing changes any more: the others are told as well, once
   * the first have had the next turn of the event loop to read in.
   */
  private wakeLater(): void {
    if (this.wakesLater) return;
    this.wakesLater = true;
    setImmediate(() => {
      setImmediate(() => {
        this.wakesLater = false;
        this.wake();
      });
    });
  }

  private favourNext(): void {
    for (const member of this.waiting) {
      if (!member.midFrame) continue;
      this.favoured = member;
      this.waiting.delete(member);
      member.mayReadAgain();
      return;
    }
  }
}
