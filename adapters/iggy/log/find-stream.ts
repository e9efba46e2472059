import { StoreError } from '../../broker/index.js';
import type { IggyStream } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { storeError } from '../sdk/failures.js';

/**
 * Returns the stream of a name.
 *
 * @param create - Whether it is created when there is none.
 * @throws StoreError, IggyCommandError
 */
export async function findStream(pool: ClientPool, name: string, create: boolean): Promise<IggyStream> {
  const found = await pool.query((client) => client.stream.get({ streamId: name }));
  if (found !== null) return found;
  if (!create) throw new StoreError('NOT_FOUND', `Iggy: there is no stream '${name}', and createStream is false`);
  const made = await pool
    .query((client) => client.stream.create({ name }))
    .catch(async (error: unknown) => {
      // By another gateway at the same time, or by ourselves before the connection broke.
      if (storeError(error, name).code !== 'EXISTS') throw error;
      return pool.query((client) => client.stream.get({ streamId: name }));
    });
  if (made === null) throw new StoreError('UNAVAILABLE', `Iggy: stream '${name}' was removed again`);
  return made;
}
