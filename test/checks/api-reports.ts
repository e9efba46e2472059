// Compares the public surface with the reports in api-report/, one per entry point; with --update, rewrites them.

import { readdirSync } from 'node:fs';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { entries, isPattern, manifest, root } from './entries.js';

const update = process.argv.includes('--update');
const configObject = ExtractorConfig.loadFile(`${root}api-extractor.json`);
const reported = entries.filter((entry) => !isPattern(entry));
let failed = false;

for (const { label, types } of reported) {
  const config = ExtractorConfig.prepare({
    configObject: {
      ...configObject,
      mainEntryPointFilePath: root + types,
      apiReport: { ...configObject.apiReport, enabled: true, reportFileName: label },
    },
    configObjectFullPath: `${root}api-extractor.json`,
    packageJsonFullPath: `${root}package.json`,
  });
  const { succeeded, apiReportChanged } = Extractor.invoke(config, {
    localBuild: update,
    printApiReportDiff: !update,
    messageCallback: (message) => {
      // Says on every run which TypeScript it brings.
      if (message.messageId === 'console-preamble') message.handled = true;
    },
  });
  console.log(`${label}: ${!succeeded ? 'FAILED' : apiReportChanged ? 'updated' : 'as reported'}`);
  failed ||= !succeeded;
}

const wanted = new Set(reported.map(({ label }) => `${label}.api.md`));
for (const file of readdirSync(`${root}api-report`)) {
  if (wanted.has(file)) continue;
  console.error(`api-report/${file} belongs to no entry point of ${manifest.name}`);
  failed = true;
}

if (failed) {
  if (!update) console.error('The public surface is not as reported. If that is meant: npm run api:update');
  process.exitCode = 1;
}
