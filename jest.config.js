const jestConfig = require('@jupyterlab/testing/lib/jest-config');

// Packages that ship only as ES modules and therefore pass through Babel.
const esModules = [
  '@codemirror',
  '@jupyter/react-components',
  '@jupyter/web-components',
  '@jupyter/ydoc',
  '@jupyterlab/',
  '@marijn',
  '@microsoft',
  'color',
  'exenv-es6',
  'lib0',
  'marked',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

const shared = jestConfig(__dirname);

module.exports = {
  ...shared,
  moduleNameMapper: {
    ...shared.moduleNameMapper,
    // The same library in one file: its modules take ten times as long to load.
    '^echarts/(core|charts|components|renderers)$':
      '<rootDir>/scripts/jest_echarts.js'
  },
  setupFiles: [...shared.setupFiles, '<rootDir>/scripts/jest_canvas.js'],
  setupFilesAfterEnv: [
    ...(shared.setupFilesAfterEnv ?? []),
    '<rootDir>/scripts/jest_patience.js'
  ],
  testTimeout: 60000,
  collectCoverageFrom: ['src/**/*.{ts,tsx}', '!src/**/__tests__/**'],
  coverageReporters: ['text-summary', 'lcov'],
  reporters: ['default'],
  testRegex: 'src/(.*/)?__tests__/.*\\.spec\\.tsx?$',
  transformIgnorePatterns: [`/node_modules/(?!${esModules}).+`]
};
