import js from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import house from './test/checks/house-rules.js';

export default defineConfig(
  { ignores: ['dist/', 'coverage/', 'temp/', 'docs/', 'fixtures/', 'test/interop/.venv/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX, house },
    settings: {
      'import-x/extensions': ['.ts', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [
        createNodeResolver({ extensions: ['.ts', '.js'], extensionAlias: { '.js': ['.ts', '.js'] } }),
      ],
    },
    rules: {
      'house/fields': 'error',
      'house/imports': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off', // see no-restricted-syntax below
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // A handler is async so that what it throws becomes a rejection, with or without an await.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    // A library writes nothing to its user's terminal.
    files: ['src/**', 'adapters/**'],
    ignores: ['src/cli/**', 'src/protocol/definitions/generator/**'],
    rules: { 'no-console': 'error' },
  },
  {
    // Type-only imports may go round: nothing is loaded for them.
    files: ['src/**', 'adapters/**'],
    rules: { 'import-x/no-cycle': ['error', { ignoreExternal: true }], 'house/errors': 'error' },
  },
  {
    // Bounds that the code has checked, and the compiler cannot see: `bytes[at]!` is fine, any other `!` is not.
    files: ['src/**', 'adapters/**', 'examples/**'],
    ignores: ['src/protocol/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSNonNullExpression:not([expression.type="MemberExpression"][expression.computed=true])',
          message: 'Only after an index: elsewhere, say what the value is.',
        },
      ],
    },
  },
  {
    // Values from users, not all of whom have types, are checked at run time as well.
    files: ['src/protocol/**', 'src/options.ts'],
    rules: { '@typescript-eslint/no-unnecessary-condition': 'off' },
  },
  {
    // Tests look into parsed JSON and pass functions about.
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // Without types: generated files are many and alike (tsc checks them), JavaScript has none, and the type tests
    // hold what must not compile.
    files: ['src/protocol/messages/**', '**/*.js', '**/*.mjs', 'test/types/**'],
    extends: [tseslint.configs.disableTypeChecked],
  },
  { files: ['**/*.js', '**/*.mjs'], rules: { 'no-undef': 'off' } }, // tsc knows better
);
