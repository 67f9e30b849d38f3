/**
 * Each service as two files, `dist/bundle/register.js` and `dist/bundle/main.js` (and what they share), besides its tree of modules:
 * reading and resolving a thousand small files was more than half of the time a killed service needed to come back.
 * Stack traces name the sources (source maps). Called by build.mjs.
 */
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

/**
 * What stays outside and is loaded from where it is installed: binaries, and what tracing wraps when Node loads it.
 * Optional packages nobody installed are left alone, so that their own `try` finds them missing.
 */
const EXTERNAL = /^(koffi|msgpackr-extract|pg)$/
const NOT_INSTALLED = ['pg-native', 'bufferutil', 'utf-8-validate', 'cpu-features']
/** Tracing brings loader hooks of its own, which want to be the same files for everybody. */
const TRACING = 'packages/telemetry/src/tracing.ts'
/** How a module asks where it is. */
const IN_ESM = /\bimport\.meta\.url\b/
const IN_COMMONJS = /\b__dirname\b|\b__filename\b/

export function bundledServices(root) {
  return readdirSync(join(root, 'services')).filter((name) => existsSync(join(root, 'services', name, 'src/main.ts'))).sort()
}

export function bundleFolder(service) {
  return `services/${service}/dist/bundle`
}

/** @returns {Promise<string[]>} every file the bundle was made of, relative to the root */
export async function bundle(root, service) {
  const esbuild = await import('esbuild')
  const folder = bundleFolder(service)
  rmSync(join(root, folder), { recursive: true, force: true })
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: { register: 'packages/telemetry/src/register.ts', main: `services/${service}/src/main.ts` },
    outdir: folder,
    bundle: true,
    splitting: true,
    chunkNames: 'shared-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['zhuzhan-source'],
    external: NOT_INSTALLED,
    plugins: [fromItsOwnPlace(root, folder)],
    banner: { js: 'import{createRequire as requireOfBundle}from"node:module";const bundleUrl=import.meta.url,require=requireOfBundle(bundleUrl);' },
    // Names stay: they are in stack traces and in error messages.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
  })
  return Object.keys(metafile.inputs).filter((file) => !file.includes('node_modules/'))
}

/** A module that asks where it is gets the same answer as outside of a bundle, and so finds the files beside it. */
function fromItsOwnPlace(root, folder) {
  const fromBundle = (file) => {
    const path = relative(join(root, folder), file).replaceAll('\\', '/')
    return path.startsWith('.') ? path : `./${path}`
  }
  const builtOf = (file) => file.replace(/\/((?:packages|services)\/[^/]+)\/src\/(.*)\.ts$/, '/$1/dist/$2.js')

  return {
    name: 'from-its-own-place',
    setup(build) {
      build.onResolve({ filter: EXTERNAL }, async ({ path, pluginData, ...from }) => {
        if (pluginData === 'here') return undefined
        const { kind, importer, resolveDir, namespace } = from
        const found = await build.resolve(path, { kind, importer, resolveDir, namespace, pluginData: 'here' })
        return found.errors.length > 0 ? { path, external: true } : { path: fromBundle(found.path), external: true, sideEffects: true }
      })
      build.onResolve({ filter: /\/tracing\.js$/ }, ({ path, resolveDir }) => {
        const file = join(resolveDir, path).replace(/\.js$/, '.ts')
        return file === join(root, TRACING) ? { path: fromBundle(builtOf(file)), external: true } : undefined
      })
      build.onLoad({ filter: /\.(ts|[cm]?js)$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8')
        if (!IN_ESM.test(source) && !IN_COMMONJS.test(source)) return undefined
        const url = `new URL(${JSON.stringify(fromBundle(builtOf(path)))},bundleUrl)`
        if (IN_ESM.test(source)) return { contents: source.replaceAll(new RegExp(IN_ESM, 'g'), `${url}.href`), loader: path.endsWith('.ts') ? 'ts' : 'js' }
        // In one line with the first, so that line numbers stay.
        const strict = /^\s*(['"])use strict\1/.test(source) ? '"use strict";' : ''
        return { contents: `${strict}var __filename=require("node:url").fileURLToPath(${url}),__dirname=require("node:path").dirname(__filename);${source}`, loader: 'js' }
      })
    },
  }
}
