import { clients } from './clients.js';
import { runScenarios } from './run-scenarios.js';

runScenarios(clients.confluentJavascript);
