/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Test tools: a Kafka broker in one line of code, fault injection, and contract tests for backends and stores.
 *
 * @packageDocumentation
 * @module iggy-gateway-kafka/testing
 */
export { startBroker, type StartBrokerOptions, type TestBroker } from './start-broker.js';
export {
  type CutOptions,
  type DelayOptions,
  type FailOptions,
  type FaultOptions,
  type Faults,
  type PlannedFault,
  withFaults,
} from './faults.js';
export {
  type Capability,
  type ContractBroker,
  type ContractCase,
  contractCases,
  type ContractOptions,
  type ContractStart,
} from './contract/index.js';
export {
  type StateCapability,
  stateContractCases,
  type StateContractEngine,
  type StateContractOptions,
  type StateNeed,
} from './state-contract/index.js';
export { type GroupLimits } from '../broker/index.js';
export { defineContract, defineStateContract, type TestFunction, type TestRunner } from './define-contract.js';
