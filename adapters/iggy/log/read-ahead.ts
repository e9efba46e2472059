import type { BatchRun, PartitionState } from './partition-state.js';

/** What a run and a batch hold in memory besides their bytes, about. */
const OBJECT_BYTES = 400;
/** As many runs of one partition: at the end of a log, each append makes one. */
const MAX_RUNS = 64;

/**
 * What was polled, for whoever reads next; what was not used for longest goes first. Messages are kept as the batches that
 * are made of them, for as objects they would keep the garbage collector busy.
 */
export class ReadAhead {
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #runs = new Set<BatchRun>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  find(state: PartitionState, offset: number): BatchRun | undefined {
    for (const run of state.runs) {
      if (offset < run.from || offset >= run.to) continue;
      // Used last.
      if (this.#runs.delete(run)) this.#runs.add(run);
      return run;
    }
    return undefined;
  }

  add(run: BatchRun): void {
    const { runs } = run.state;
    for (const other of runs) {
      if (other.from < run.to && run.from < other.to) this.#drop(other);
    }
    for (const oldest of runs) {
      if (runs.size < MAX_RUNS) break;
      this.#drop(oldest);
    }
    runs.add(run);
    this.#runs.add(run);
    this.#bytes += memory(run);
    for (const oldest of this.#runs) {
      if (this.#bytes <= this.#maxBytes || oldest === run) break;
      this.#drop(oldest);
    }
  }

  /** The partition's messages are not what they were. */
  forget(state: PartitionState): void {
    for (const run of state.runs) this.#drop(run);
  }

  clear(): void {
    for (const run of this.#runs) this.#drop(run);
  }

  #drop(run: BatchRun): void {
    run.state.runs.delete(run);
    if (this.#runs.delete(run)) this.#bytes -= memory(run);
  }
}

function memory({ bytes, batches }: BatchRun): number {
  return bytes + (batches.length + 1) * OBJECT_BYTES;
}

/** Index of the batch that holds an offset of the run. */
export function indexOf({ batches }: BatchRun, offset: number): number {
  let low = 0;
  let high = batches.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (batches[middle]!.nextOffset <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
