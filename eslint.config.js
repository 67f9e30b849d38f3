/**
 * Style, and which folder may import which. The arrows point one way (docs/architecture.md): codecs know no I/O, only
 * the crypto machine and the device side touch ciphers, services meet through contracts and never import each other.
 * test/architecture checks the same from package.json and sources, independently of ESLint.
 */
import js from '@eslint/js'
import tseslint from 'typescript-eslint'

/** What each workspace member's program code may import of the workspace. */
const ARROWS = {
  'packages/core': [],
  'packages/codec': ['core'],
  'packages/dlt698': ['core', 'codec'],
  'packages/dlt645': ['core', 'codec'],
  'packages/gdw1376': ['core', 'codec'],
  'packages/ssal': ['core', 'codec'],
  'packages/analyser': ['core', 'codec', 'dlt645', 'dlt698', 'gdw1376', 'ssal'],
  'packages/gm-crypto': ['core'],
  'packages/custody': ['core', 'gm-crypto'],
  'packages/osp1': ['core', 'codec', 'dlt698', 'gm-crypto'],
  'packages/policy': ['core'],
  'packages/field-sessions': ['core', 'codec', 'gm-crypto', 'policy'],
  'packages/contracts': ['core'],
  'packages/cost-control': ['core'],
  'packages/demand-control': ['core', 'energy-models'],
  'packages/energy-audit': ['core'],
  'packages/audit-files': ['core', 'energy-audit'],
  'packages/energy-models': ['core'],
  'packages/metering': ['core', 'energy-audit'],
  'packages/lp-solver': ['core'],
  'packages/telemetry': ['core'],
  'packages/service-kit': ['core', 'telemetry'],
  'packages/persistence': ['core', 'contracts', 'cost-control'],
  'packages/queues': ['core', 'contracts', 'telemetry'],
  'packages/crypto-client': ['core', 'contracts', 'service-kit', 'telemetry'],
  'packages/fleet': ['core', 'codec', 'demand-control', 'dlt698', 'field-sessions', 'gm-crypto', 'osp1', 'policy'],
  'packages/supervisor': ['core', 'contracts', 'persistence', 'service-kit', 'crypto-client'],
  'packages/dispatch': ['core', 'contracts', 'dlt698', 'persistence', 'queues', 'service-kit', 'telemetry'],
  'packages/service-identity': ['core', 'contracts', 'gm-crypto', 'osp1'],
  'packages/testing': ['core', 'contracts', 'dlt698', 'persistence', 'queues', 'supervisor'],
  'packages/chaos': ['core', 'crypto-client', 'dlt698', 'fleet', 'queues', 'service-kit', 'supervisor', 'testing'],
  'packages/cli': ['core', 'codec', 'dlt698', 'analyser', 'contracts', 'persistence', 'service-identity', 'service-kit', 'gm-crypto', 'custody', 'osp1', 'fleet', 'crypto-client', 'audit-files', 'demand-control', 'energy-audit', 'energy-models', 'lp-solver', 'metering'],
  'services/gateway-type1': ['core', 'codec', 'contracts', 'dlt698', 'persistence', 'service-kit', 'telemetry'],
  'services/front-end-processor': ['core', 'codec', 'contracts', 'crypto-client', 'dlt698', 'persistence', 'queues', 'service-kit', 'telemetry'],
  'services/crypto-machine': ['core', 'contracts', 'custody', 'dlt698', 'gm-crypto', 'osp1', 'service-kit', 'telemetry'],
  'services/analytics': ['core', 'contracts', 'cost-control', 'crypto-client', 'demand-control', 'dispatch', 'dlt698', 'energy-audit', 'energy-models', 'lp-solver', 'metering', 'persistence', 'queues', 'service-identity', 'service-kit', 'telemetry'],
  'services/operator-api': ['core', 'audit-files', 'contracts', 'cost-control', 'crypto-client', 'demand-control', 'dispatch', 'dlt698', 'energy-audit', 'metering', 'persistence', 'policy', 'queues', 'service-kit', 'telemetry'],
}

/** Computation only: these can be fuzzed and reviewed without a socket, a file or a database in sight. */
const PURE = ['packages/core', 'packages/codec', 'packages/dlt645', 'packages/dlt698', 'packages/gdw1376', 'packages/ssal', 'packages/analyser', 'packages/contracts', 'packages/osp1', 'packages/policy', 'packages/field-sessions', 'packages/cost-control', 'packages/demand-control', 'packages/energy-audit', 'packages/energy-models', 'packages/metering']
const INPUT_OUTPUT = ['fs', 'fs/promises', 'net', 'tls', 'http', 'https', 'http2', 'dgram', 'child_process', 'cluster', 'worker_threads'].map((name) => `node:${name}`)
/** Raw sockets live where terminals, pipes and test peers are; everything else speaks through them. */
const SOCKETS = ['services/gateway-type1', 'packages/service-kit', 'packages/fleet', 'packages/testing', 'packages/supervisor', 'packages/chaos']
/** Tests, and what only tests use: they may read vectors and start servers. */
const TEST_CODE = ['**/*.test.ts', '**/fixtures/**/*.ts', '**/vectors/**/*.ts', '**/conformance/**/*.ts']

/** no-restricted-imports for one member. */
function importsOf(member, allowed, { test }) {
  const own = member.split('/')[1]
  const others = Object.keys(ARROWS).map((one) => one.split('/')[1]).filter((name) => name !== own)
  const services = Object.keys(ARROWS).filter((one) => one.startsWith('services/')).map((one) => one.split('/')[1])
  const forbidden = others.filter((name) => (test ? services.includes(name) : !allowed.includes(name)))
  const paths = [
    ...forbidden.map((name) => ({ name: `@zhuzhan/${name}`, message: `${member} must not import ${name}: see the arrows in eslint.config.js.` })),
    ...(!test && !SOCKETS.includes(member) ? ['node:net', 'node:tls'].map((name) => ({ name, message: `Raw sockets live in ${SOCKETS.join(', ')} only.` })) : []),
    ...(!test && PURE.includes(member) ? INPUT_OUTPUT.filter((name) => !/:(net|tls)$/.test(name)).map((name) => ({ name, message: `${member} computes only; input and output belong to its callers.` })) : []),
    ...(member === 'packages/persistence' ? [] : ['@prisma/client', '@prisma/adapter-pg'].map((name) => ({ name, message: 'Prisma is used inside packages/persistence only.' }))),
  ]
  return ['error', { paths, patterns: PATTERNS }]
}

const PATTERNS = [
  { regex: '^@zhuzhan/[^/]+/', message: 'Import a package through its entry only.' },
  // Random values of a package are no part of its interface; only the tests over all protocols read them.
  { regex: '^(\\.\\./)+(packages|services)/(?!\\w+/src/vectors/arbitraries\\.js$)', message: 'Import another member by its package name.' },
]

const zones = Object.entries(ARROWS).flatMap(([member, allowed]) => [
  { files: [`${member}/src/**/*.ts`], ignores: TEST_CODE, rules: { 'no-restricted-imports': importsOf(member, allowed, { test: false }) } },
  { files: TEST_CODE.map((pattern) => `${member}/src/${pattern}`), rules: { 'no-restricted-imports': importsOf(member, allowed, { test: true }) } },
])

/** Tests on running processes talk to services over their ports, like everybody else. Benches may measure a part of one alone. */
const processTests = {
  files: ['test/**/*.ts'],
  rules: { 'no-restricted-imports': ['error', { patterns: PATTERNS, paths: Object.keys(ARROWS).filter((one) => one.startsWith('services/')).map((one) => ({ name: `@zhuzhan/${one.split('/')[1]}`, message: 'Nothing imports a service.' })) }] },
}

const GLOBALS = Object.fromEntries(['process', 'console', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'URL', 'Buffer', 'fetch'].map((name) => [name, 'readonly']))

export default tseslint.config(
  { ignores: ['**/node_modules/', '**/dist/', '.tools/', '.zhuzhan/', 'packages/persistence/src/generated/', 'coverage/'] },
  js.configs.recommended,
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: GLOBALS },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['prisma.config.ts'] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    rules: {
      'max-lines': ['error', { max: 400 }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'off',
    },
  },
  ...zones,
  processTests,
)
