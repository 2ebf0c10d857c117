import js from '@eslint/js';
import jupyterPlugin from '@jupyter/eslint-plugin';
import prettierConfig from 'eslint-config-prettier';
import reactHooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'eslint/config';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** Modules that a zone may not import: features -> models -> client -> contract. */
const forbid = (...zones) => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: zones.map(([regex, message]) => ({ regex, message }))
    }
  ]
});
const FEATURES = [
  '/features(/|$)',
  'Nothing below the features may import one.'
];
const MODELS = ['/models(/|$)', 'Only features may import models.'];
const CLIENT = ['/client(/|$)', 'Shared parts must not talk to the server.'];
const CONTRACT = ['/contract$', 'Shared parts take plain values.'];

export default defineConfig([
  {
    ignores: [
      'node_modules',
      'lib',
      'coverage',
      'studio_ext',
      'ui-tests',
      '.venv',
      '**/*.js',
      '**/*.d.ts',
      'src/contract.ts'
    ]
  },
  js.configs.recommended,
  tseslint.configs.recommended,
  { plugins: { jupyter: jupyterPlugin, 'react-hooks': reactHooks } },
  jupyterPlugin.configs.recommended,
  {
    files: ['scripts/**/*.mjs'],
    languageOptions: { globals: globals.node }
  },
  {
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    languageOptions: {
      globals: { ...globals.browser, ...globals.es2021 },
      parserOptions: { project: 'tsconfig.test.json', sourceType: 'module' }
    },
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': [
        'error',
        { ignoreVoid: true }
      ],
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none' }],
      curly: ['error', 'all'],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      // Tabs and forms load lazily; what start-up loads is kept small by measure.
      'jupyter/prefer-lazy-imports': 'off',
      'prefer-arrow-callback': ['error', { allowNamedFunctions: true }],
      'react-hooks/exhaustive-deps': 'error',
      'react-hooks/rules-of-hooks': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]',
          message: 'Text from jobs is never markup.'
        }
      ]
    }
  },
  { files: ['src/client/**'], rules: forbid(FEATURES, MODELS) },
  { files: ['src/models/**'], rules: forbid(FEATURES) },
  {
    files: ['src/shared/**'],
    rules: forbid(FEATURES, MODELS, CLIENT, CONTRACT)
  },
  {
    // Widgets run in any notebook, where nobody hands them a translation.
    files: ['src/widgets/**'],
    rules: {
      'jupyter/no-untranslated-string': 'off',
      ...forbid(FEATURES, MODELS, CLIENT, CONTRACT)
    }
  },
  {
    // Reports run without a server: of the others only what computes.
    files: ['src/report/**'],
    rules: forbid(
      ['^(\\.\\./)+client', CLIENT[1]],
      [
        '/features/(?!compare/(chartWords|deltas)$)',
        'A report has no features.'
      ]
    )
  },
  {
    files: ['src/features/**'],
    rules: forbid([
      '^(\\.\\./)+(jobs|submit|experiments|panel|compare|trials)(/|$)',
      'Features meet through tokens and commands only.'
    ])
  },
  {
    files: ['src/**/__tests__/**'],
    languageOptions: { globals: globals.jest },
    rules: {
      'jupyter/command-described-by': 'off',
      'jupyter/no-untranslated-string': 'off',
      'no-restricted-imports': 'off'
    }
  },
  prettierConfig
]);
