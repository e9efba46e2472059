import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ApiHandler,
  type Awaitable,
  type Backend,
  type BackendMethods,
  checkOptionNames,
  isFailureCode,
  KafkaError,
  MAX_TIMER_MS,
  OptionError,
  RequestAbortedError,
  type RequestContext,
} from '../../src/contract/index.js';
import { apis, fetchApi, type FetchResponseInit } from '../../src/protocol/index.js';

/** Which requests of an API a fault meets. */
export interface FaultOptions<Api extends keyof BackendMethods = keyof BackendMethods> {
  /** How many requests: a whole number from 1; `Infinity` for all until it is taken back. Default: 1. */
  readonly times?: number | undefined;
  /** Only requests for which this answers true. Default: every request of the API. */
  readonly where?: ((request: Parameters<ApiHandler<Api>>[0], context: RequestContext) => boolean) | undefined;
}

/** How a connection is cut. */
export interface CutOptions<Api extends keyof BackendMethods = keyof BackendMethods> extends FaultOptions<Api> {
  /**
   * `before`: the backend never sees the request. `after`: it has done what it was asked, and the client is not told.
   */
  readonly when: 'before' | 'after';
}

/** How a request fails. */
export interface FailOptions<Api extends keyof BackendMethods = keyof BackendMethods> extends FaultOptions<Api> {
  /** One of `ErrorCode`, not 0. */
  readonly errorCode: number;
  /** `after`: the backend does what it was asked all the same. Default: `before`. */
  readonly when?: 'before' | 'after' | undefined;
}

/** How long a request takes longer. */
export interface DelayOptions<Api extends keyof BackendMethods = keyof BackendMethods> extends FaultOptions<Api> {
  /** Milliseconds before the backend sees the request: 0 to 2147483647. */
  readonly ms: number;
}

/** A fault that waits for its requests. */
export interface PlannedFault {
  /** How many requests it has yet to meet. */
  readonly remaining: number;
  /** Takes it back. */
  cancel(): void;
}

/**
 * What is to go wrong, by API: the name of its method in a backend, which must have it. One request meets at most one
 * fault: of those that it fits, the one planned first.
 */
export interface Faults {
  /** Ends the connection of a request without an answer. */
  cut<Api extends keyof BackendMethods>(api: Api, options: CutOptions<Api>): PlannedFault;
  /** Answers a request with an error code, at every topic, partition or group that it names. */
  fail<Api extends keyof BackendMethods>(api: Api, options: FailOptions<Api>): PlannedFault;
  /** Lets a request wait before the backend sees it. */
  delay<Api extends keyof BackendMethods>(api: Api, options: DelayOptions<Api>): PlannedFault;
  /** Takes back all faults. */
  clear(): void;
}

type Handler = (this: unknown, request: unknown, context: RequestContext) => Awaitable<unknown>;
type Meet = (handle: () => Awaitable<unknown>, context: RequestContext) => Awaitable<unknown>;

class Fault implements PlannedFault {
  constructor(
    readonly meet: Meet,
    readonly where: (request: unknown, context: RequestContext) => boolean,
    public remaining: number,
  ) {}

  cancel(): void {
    this.remaining = 0;
  }
}

const FAULT_OPTION_NAMES = Object.keys({ times: true, where: true } satisfies Record<keyof FaultOptions, true>);

const METHODS: ReadonlySet<string> = new Set(apis.flatMap(({ method }) => method ?? []));

/**
 * A backend that does what another does, save for the faults that are planned. Without any, requests go straight
 * through.
 *
 * @throws OptionError for what is no backend; so do the methods of the faults, for an option that cannot be.
 */
export function withFaults<State>(backend: Backend<State>): {
  readonly backend: Backend<State>;
  readonly faults: Faults;
} {
  if (typeof backend !== 'object' || (backend as unknown) === null) {
    throw new OptionError('backend', backend, 'it is an object with a method for each API');
  }
  const planned = new Map<string, Fault[]>();
  const wrapped = new Map<string, unknown>();

  function wrap(api: string, handler: Handler): Handler {
    return (request, context) => {
      const waiting = planned.get(api);
      const fault = waiting?.find(({ remaining, where }) => remaining > 0 && where(request, context));
      if (fault === undefined) return handler.call(backend, request, context);
      fault.remaining--;
      return fault.meet(() => handler.call(backend, request, context), context);
    };
  }

  // A proxy, so that what the gateway checks of a backend is seen as it is; methods run on the backend itself.
  const proxy = new Proxy(backend, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function' || typeof key !== 'string') return value;
      let method = wrapped.get(key);
      if (method === undefined) {
        method = METHODS.has(key) ? wrap(key, value as Handler) : (value as Handler).bind(target);
        wrapped.set(key, method);
      }
      return method;
    },
  });

  function plan<Api extends keyof BackendMethods>(api: Api, options: FaultOptions<Api>, meet: Meet): PlannedFault {
    const { times = 1, where = () => true } = options;
    if (!METHODS.has(api)) throw new OptionError('api', api, 'it is the name of a method of a backend');
    if (typeof backend[api] !== 'function') {
      throw new OptionError(
        'api',
        api,
        `the backend ${backend.name} does not answer it, so that no request meets a fault`,
      );
    }
    if (typeof where !== 'function') {
      throw new OptionError('where', where, 'it is a function that answers whether a request is met');
    }
    if (!(times >= 1 && (Number.isInteger(times) || times === Infinity))) {
      throw new OptionError('times', times, 'it is a whole number from 1 on, or Infinity');
    }
    // Requests of one API are all of its type.
    const fault = new Fault(meet, where as (request: unknown, context: RequestContext) => boolean, times);
    const waiting = (planned.get(api) ?? []).filter(({ remaining }) => remaining > 0);
    planned.set(api, [...waiting, fault]);
    return fault;
  }

  const faults: Faults = {
    cut(api, options) {
      checkOptionNames('', options, ['when', ...FAULT_OPTION_NAMES]);
      return plan(
        api,
        options,
        meeting(options.when, () => new RequestAbortedError('disconnect')),
      );
    },
    fail(api, options) {
      checkOptionNames('', options, ['errorCode', 'when', ...FAULT_OPTION_NAMES]);
      const { errorCode } = options;
      if (!isFailureCode(errorCode)) {
        throw new OptionError('errorCode', errorCode, 'it is one of ErrorCode other than NONE: an int16 other than 0');
      }
      const error = new KafkaError(errorCode);
      return plan(
        api,
        options,
        meeting(options.when ?? 'before', () => error),
      );
    },
    delay(api, options) {
      checkOptionNames('', options, ['ms', ...FAULT_OPTION_NAMES]);
      const { ms } = options;
      if (!(ms >= 0 && ms <= MAX_TIMER_MS)) {
        throw new OptionError('ms', ms, `it is a number of milliseconds from 0 to ${String(MAX_TIMER_MS)}`);
      }
      return plan(api, options, async (handle, { signal }) => {
        await sleep(ms, undefined, { signal });
        return handle();
      });
    },
    clear() {
      for (const waiting of planned.values()) for (const fault of waiting) fault.cancel();
      planned.clear();
    },
  };
  return { backend: proxy, faults };
}

/** A request that ends with an error: before the backend sees it, or after it is done. */
function meeting(when: 'before' | 'after', error: () => Error): Meet {
  if (when !== 'before' && (when as string) !== 'after')
    throw new OptionError('when', when, "it is 'before' or 'after'");
  if (when === 'before') {
    return () => {
      throw error();
    };
  }
  return async (handle, { api }) => {
    const response = await handle();
    // What is not written, is given back.
    if (api === 'fetch') fetchApi.releaseRecords?.(response as FetchResponseInit, () => undefined);
    throw error();
  };
}
