import type { Backend, Features, VersionRange } from '../contract/index.js';
import { type ApiInfo, type ApiName, apis } from '../protocol/apis.js';
import type { ApiCodec } from '../protocol/codec.js';
import { OptionError } from '../errors.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { API_VERSIONS_KEY } from '../protocol/header.js';
import type { ApiVersionsResponseApiVersionInit, ApiVersionsResponseInit } from '../protocol/messages/api-versions.js';
import { encodeOnce } from './api-versions.js';
import { describeFeatures } from './features.js';

/** How an allowed request is answered. */
export type Handler = (this: unknown, request: unknown, context: unknown) => unknown;

/** An allowed API and the data for handling its requests. */
export interface Route {
  readonly key: number;
  readonly api: ApiName;
  readonly min: number;
  readonly max: number;
  /** First flexible version; Infinity if there is none. */
  readonly flexibleFrom: number;
  /** First version whose response header has tagged fields; Infinity if there is none. */
  readonly flexibleHeaderFrom: number;
  readonly codec: ApiCodec;
  readonly handler: Handler;
}

/** Options that narrow the table in addition to the backend. */
export interface FirewallOptions {
  readonly versions: Partial<Record<ApiName, VersionRange>>;
  readonly allowUnstableVersions: boolean;
}

export const PRODUCE_KEY = 0;
/**
 * librdkafka disables features unless Produce is advertised from version 0. Requests of that version are still
 * rejected.
 */
const PRODUCE_ADVERTISED_FROM = 0;

/**
 * The table of allowed APIs and versions. ApiVersions returns it, and requests that are not in it are rejected. Created
 * once, after the backend was opened.
 */
export class Firewall {
  readonly #routes: (Route | undefined)[] = [];
  readonly #codecs = new Map<number, ApiCodec>();
  readonly #infos = new Map<number, ApiInfo>(apis.map((info) => [info.key, info]));
  /** Version ranges that ApiVersions returns, by ascending key. */
  readonly advertised: readonly ApiVersionsResponseApiVersionInit[];
  /** Response to ApiVersions. */
  readonly answer: ApiVersionsResponseInit;

  private constructor(routes: readonly Route[], features: Features) {
    // Filled up to the highest key, because lookups in an array with holes are slower.
    for (let key = 0; key <= Math.max(...routes.map((route) => route.key)); key++) this.#routes.push(undefined);
    this.advertised = routes.map(({ key, min, max }) => ({
      apiKey: key,
      minVersion: key === PRODUCE_KEY ? PRODUCE_ADVERTISED_FROM : min,
      maxVersion: max,
    }));
    this.answer = { errorCode: ErrorCode.NONE, apiKeys: this.advertised, ...describeFeatures(features) };
    for (const route of routes) {
      this.#codecs.set(route.key, route.codec);
      const codec = route.key === API_VERSIONS_KEY ? encodeOnce(route.codec, this.answer) : route.codec;
      this.#routes[route.key] = { ...route, codec };
    }
  }

  /**
   * Creates the table: the versions of the codecs, narrowed by the backend and by the options. Loads the allowed
   * codecs.
   *
   * @throws OptionError if a range leaves no version, or if the features are invalid.
   */
  static async create(backend: Backend, answerApiVersions: Handler, options: FirewallOptions): Promise<Firewall> {
    const routes = await Promise.all(
      apis.flatMap((info) => {
        const { method, load, versions } = info;
        if (!method || !load || !versions) return [];
        const handler = method === 'apiVersions' ? answerApiVersions : methodOf(backend, method);
        if (handler === undefined) return [];
        const { min, max } = allowedVersions(info, versions, method, backend, options);
        const flexibleFrom = info.flexibleFrom < 0 ? Infinity : info.flexibleFrom;
        const flexibleHeaderFrom = info.key === API_VERSIONS_KEY ? Infinity : flexibleFrom;
        const route = { key: info.key, api: method, min, max, flexibleFrom, flexibleHeaderFrom, handler };
        return load().then((codec): Route => ({ ...route, codec }));
      }),
    );
    return new Firewall(routes, backend.features ?? {});
  }

  /** Returns the route of an API version; undefined if it is not allowed, which `refusal-response.ts` answers. */
  route(apiKey: number, version: number): Route | undefined {
    if (apiKey < 0 || apiKey >= this.#routes.length) return undefined;
    const route = this.#routes[apiKey];
    return route !== undefined && version >= route.min && version <= route.max ? route : undefined;
  }

  /** Returns the definition of an API, whether or not it is allowed. */
  info(apiKey: number): ApiInfo | undefined {
    return this.#infos.get(apiKey);
  }

  /** Returns the codec of an API if it supports the version; a promise on first use. */
  codec(apiKey: number, version: number): ApiCodec | Promise<ApiCodec> | undefined {
    const info = this.#infos.get(apiKey);
    if (!info?.load || !info.versions || version < info.versions.min || version > info.versions.max) return undefined;
    return (
      this.#codecs.get(apiKey) ??
      info.load().then((codec) => {
        this.#codecs.set(apiKey, codec);
        return codec;
      })
    );
  }
}

function methodOf(backend: Backend, api: ApiName): Handler | undefined {
  return (backend as unknown as Record<string, Handler | undefined>)[api];
}

function allowedVersions(
  info: ApiInfo,
  known: VersionRange,
  api: ApiName,
  backend: Backend,
  options: FirewallOptions,
): VersionRange {
  const stable = info.unstableFrom === null || options.allowUnstableVersions ? known.max : info.unstableFrom - 1;
  const byBackend = backend.versions?.[api];
  const byOption = options.versions[api];
  const min = Math.max(known.min, byBackend?.min ?? 0, byOption?.min ?? 0);
  const max = Math.min(stable, byBackend?.max ?? Infinity, byOption?.max ?? Infinity);
  if (min <= max) return { min, max };
  const wanted = `it leaves no version of ${info.name} within ${String(known.min)} to ${String(stable)}`;
  if (byOption) throw new OptionError(`versions.${api}`, `${String(byOption.min)} to ${String(byOption.max)}`, wanted);
  throw new OptionError(`backend.versions.${api}`, `${String(byBackend?.min)} to ${String(byBackend?.max)}`, wanted);
}
