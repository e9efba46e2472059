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

/** Selects the requests of an API that a fault affects. */
export interface FaultOptions<Api extends keyof BackendMethods = keyof BackendMethods> {
  /** Number of affected requests: an integer from 1, or `Infinity` for all requests until the fault is cancelled. Default: 1. */
  readonly times?: number | undefined;
  /** Affects only requests for which this returns true. Default: all requests of the API. */
  readonly where?: ((request: Parameters<ApiHandler<Api>>[0], context: RequestContext) => boolean) | undefined;
}

/** Options of {@link Faults.cut}. */
export interface CutOptions<Api extends keyof BackendMethods = keyof BackendMethods> extends FaultOptions<Api> {
  /**
   * `before`: the backend never receives the request. `after`: the backend handles the request, but the client gets no
   * response.
   */
  readonly when: 'before' | 'after';
}

/** Options of {@link Faults.fail}. */
export interface FailOptions<Api extends keyof BackendMethods = keyof BackendMethods> extends FaultOptions<Api> {
  /** Kafka error code: one of `ErrorCode`, other than 0. */
  readonly errorCode: number;
  /** `before`: the backend never receives the request. `after`: the backend handles it first. Default: `before`. */
  readonly when?: 'before' | 'after' | undefined;
}

/** Options of {@link Faults.delay}. */
export interface DelayOptions<Api extends keyof BackendMethods = keyof BackendMethods> extends FaultOptions<Api> {
  /** Delay in milliseconds before the backend receives the request, from 0 to 2147483647. */
  readonly ms: number;
}

/** A planned fault. */
export interface PlannedFault {
  /** Number of requests that the fault still affects. */
  readonly remaining: number;
  /** Cancels the fault. */
  cancel(): void;
}

/**
 * Plans faults by API. An API is named by its backend method, which the backend must have. At most one fault affects a
 * request: the first planned one that matches.
 */
export interface Faults {
  /** Closes the connection of a request without a response. */
  cut<Api extends keyof BackendMethods>(api: Api, options: CutOptions<Api>): PlannedFault;
  /** Responds to a request with an error code for every topic, partition or group in it. */
  fail<Api extends keyof BackendMethods>(api: Api, options: FailOptions<Api>): PlannedFault;
  /** Delays a request before the backend receives it. */
  delay<Api extends keyof BackendMethods>(api: Api, options: DelayOptions<Api>): PlannedFault;
  /** Cancels all faults. */
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
 * Wraps a backend so that planned faults affect its requests. Other requests reach the backend unchanged.
 *
 * @throws OptionError if `backend` is not an object. The methods of `faults` throw it for invalid options.
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

  // A proxy, so that the gateway validates the properties of the backend itself. Methods run on the backend.
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
    // Safe cast: all requests of an API have its request type.
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

/** Makes requests fail with an error, before or after the backend handles them. */
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
    // The response is not written, so release its records.
    if (api === 'fetch') fetchApi.releaseRecords?.(response as FetchResponseInit, () => undefined);
    throw error();
  };
}
