import { messageBehaviours } from './message-behaviour.js';
import type { Behaviour } from './support/behaviour-bench.js';
import { topicBehaviours } from './topic-behaviour.js';

// What the adapter relies on in the SDK's client and the server behind it: one list of checks, for the real ones
// (client-behaviour.test.ts, `npm run test:iggy`) and for the stand-in (test/unit/iggy/stand-in.test.ts, `npm test`).

export const behaviours: readonly Behaviour[] = [...messageBehaviours, ...topicBehaviours];
