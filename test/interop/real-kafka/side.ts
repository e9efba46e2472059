import { randomUUID } from 'node:crypto';
import type { ApiCodec } from 'iggy-gateway-kafka/protocol';
import { WireClient } from '../../support/wire-client.js';
import { normalize } from './normalize.js';

type Codec<RequestInit, Response> = Pick<
  ApiCodec<unknown, RequestInit, Response>,
  'key' | 'name' | 'flexibleFrom' | 'writeRequest' | 'readResponse'
>;

/** Far more than an answer takes: where none is expected, less will do. */
const PATIENCE_MS = 10_000;
/** What a broker does by itself, such as electing the coordinator of its first group. */
const SETTLE_MS = 20_000;

export interface AskOptions {
  /** Which connection: each name is one. Default: `main`. */
  readonly on?: string;
  /** Milliseconds after which it counts as not answered. */
  readonly patienceMs?: number;
  /** Of lists of groups only those with such a name: others may be there. */
  readonly only?: RegExp;
}

/** One of the two brokers: what it was asked, and what it answered. */
export class Side {
  readonly #port: number;
  readonly #connections = new Map<string, Promise<WireClient>>();
  readonly #names = new Map<string, string>();
  readonly #responses = new Map<string, unknown>();

  constructor(port: number) {
    this.#port = port;
  }

  /** Answers as they are compared, by API, version and what was asked. */
  answers(): Map<string, unknown> {
    const nameOf = (id: string): string | undefined => this.#names.get(id);
    return new Map(Array.from(this.#responses, ([name, response]) => [name, normalize(response, nameOf)]));
  }

  /** Asks, and writes down what came back. Resolves with undefined when nothing did. */
  async ask<RequestInit, Response>(
    what: string,
    codec: Codec<RequestInit, Response>,
    version: number,
    request: RequestInit,
    options: AskOptions = {},
  ): Promise<Response | undefined> {
    const name = `${codec.name} v${version}: ${what}`;
    if (this.#responses.has(name)) throw new Error(`'${name}' is asked twice`);
    this.#responses.set(name, 'not yet answered');
    const { response, instead } = await this.#attempt(codec, version, request, options);
    this.#responses.set(name, instead ?? onlyGroups(response, options.only));
    return response;
  }

  /** Asks without writing it down: to prepare, to look. @throws Error when nothing came back. */
  async send<RequestInit, Response>(
    codec: Codec<RequestInit, Response>,
    version: number,
    request: RequestInit,
    options: AskOptions = {},
  ): Promise<Response> {
    const { response, instead } = await this.#attempt(codec, version, request, options);
    if (response === undefined) throw new Error(`${codec.name} v${version}: ${instead ?? ''}`);
    return response;
  }

  /** Sends what is not answered: Produce with acks 0. */
  async post<RequestInit>(codec: Codec<RequestInit, unknown>, version: number, request: RequestInit): Promise<void> {
    (await this.#connection('main')).post(codec, version, request);
  }

  /** What an id that the broker gave is called in answers. */
  call(id: string | undefined, name: string): string {
    if (id === undefined || id === '') throw new Error(`there is no ${name}`);
    this.#names.set(id, name);
    return id;
  }

  /** Looks until it is as wanted. */
  async until(look: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + SETTLE_MS; !(await look());) {
      if (Date.now() > end) throw new Error('it did not come about');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends a connection without goodbye. */
  async drop(on: string): Promise<void> {
    const connection = this.#connections.get(on);
    this.#connections.delete(on);
    await (await connection)?.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.keys()].map((name) => this.drop(name)));
  }

  async #attempt<RequestInit, Response>(
    codec: Codec<RequestInit, Response>,
    version: number,
    request: RequestInit,
    { on = 'main', patienceMs = PATIENCE_MS }: AskOptions,
  ): Promise<{ response?: Response; instead?: string }> {
    const client = await this.#connection(on);
    const answer = client.send(codec, version, request);
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), patienceMs);
    });
    try {
      const settled = await Promise.race([answer, silence]);
      if (settled !== null) return { response: settled.response };
      answer.catch(() => undefined);
      await this.drop(on);
      return { instead: 'no answer' };
    } catch (error) {
      await this.drop(on);
      if (error instanceof Error && error.name === 'WireClosedError') return { instead: 'the connection is closed' };
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #connection(name: string): Promise<WireClient> {
    let connection = this.#connections.get(name);
    if (connection === undefined) {
      connection = WireClient.connect(this.#port);
      this.#connections.set(name, connection);
    }
    return connection;
  }
}

function onlyGroups(response: unknown, only: RegExp | undefined): unknown {
  if (only === undefined) return response;
  const { groups, ...rest } = response as { readonly groups: readonly { readonly groupId: string }[] };
  return { ...rest, groups: groups.filter(({ groupId }) => only.test(groupId)) };
}

/** What is asked of both brokers, in this order. */
export interface Scenario {
  readonly area: string;
  readonly run: (side: Side) => Promise<void>;
}

/** An id that no broker has given. */
export const NOBODYS_ID: string = randomUUID();
