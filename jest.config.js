/** One configuration for the whole workspace; scripts/test.mjs chooses which part runs. */
export default {
  testEnvironment: 'node',
  // Real servers on a busy machine; what hangs is still found.
  testTimeout: 30_000,
  // Workspace packages are tested from their sources, never from a stale build.
  testEnvironmentOptions: { customExportConditions: ['zhuzhan-source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.zhuzhan/'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  testMatch: ['<rootDir>/packages/*/src/**/*.test.ts', '<rootDir>/services/*/src/**/*.test.ts', '<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' }],
  },
}
