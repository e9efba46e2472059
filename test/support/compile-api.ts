import { compileFunction } from 'node:vm';
import ts from 'typescript';
import type { ApiCodec } from 'iggy-gateway-kafka/protocol';
import { emitApi, methodName } from '../../src/protocol/definitions/generator/emit-api.js';
import type { Api } from '../../src/protocol/definitions/generator/model.js';
import { parseDefinitions } from '../../src/protocol/definitions/generator/parse.js';
import * as elements from '../../src/protocol/elements.js';
import * as strings from '../../src/protocol/strings.js';
import * as support from '../../src/protocol/support.js';

// Generated code as a test meets it: from a definition in the test to a codec that runs.

/** What generated code may import. */
const modules: Record<string, object> = {
  '../elements.js': elements,
  '../strings.js': strings,
  '../support.js': support,
};

/** Parses one API. */
export function parseApi(source: string): Api {
  const [api] = parseDefinitions(source, 'made-up.api').apis;
  return api!;
}

/** An API of key 900 with a request of these lines, and a response with nothing but an error code. */
export function requestOf(head: string, fields: string): string {
  return `api 900 Made ${head}\n\nrequest\n${fields}\nresponse\n  errorCode int16\n`;
}

/** Turns a definition into its codec. */
export function compileApi(source: string): ApiCodec {
  const api = parseApi(source);
  const { outputText } = ts.transpileModule(emitApi(api), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: false },
  });
  const exports: Record<string, unknown> = {};
  const load = (name: string): object => modules[name] ?? fail(`generated code imports ${name}`);
  compileFunction(outputText, ['require', 'exports'])(load, exports);
  return exports[`${methodName(api)}Api`] as ApiCodec;
}

/** What the compiler says of generated code, as strict as it gets: a line for each problem. */
export function typeProblems(sources: readonly string[]): string[] {
  const folder = new URL('../../src/protocol/messages/', import.meta.url).pathname;
  const files = new Map(
    sources.map((source, index) => [`${folder}made-up-${String(index)}.ts`, emitApi(parseApi(source))]),
  );
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    noEmit: true,
    skipLibCheck: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitReturns: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    verbatimModuleSyntax: true,
    isolatedDeclarations: true,
    declaration: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, languageVersion) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, languageVersion);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n');
    if (file === undefined || start === undefined) return message;
    const line = file.text.slice(0, start).split('\n').length;
    return `${file.fileName.slice(folder.length)}:${String(line)}: ${message}: ${file.text.split('\n')[line - 1]!.trim()}`;
  });
}

function fail(problem: string): never {
  throw new Error(problem);
}
