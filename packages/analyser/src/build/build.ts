import { EncodeError } from '@zhuzhan/codec'
import { PROTOCOL_NAMES } from '../frames/registry.js'
import type { ProtocolName } from '../frames/registry.js'
import { dlt645Recipes } from './dlt645.js'
import { dlt698Recipes } from './dlt698.js'
import { localRecipes, upwardRecipes } from './gdw1376.js'
import { BuildError } from './recipe.js'
import type { Given, Recipe } from './recipe.js'
import { ssalRecipes } from './ssal.js'

/** Every request that can be built; of recipes with one name the first that suits is meant. */
export const RECIPES: readonly Recipe[] = [...upwardRecipes, ...dlt698Recipes, ...dlt645Recipes, ...localRecipes, ...ssalRecipes]

export interface Built {
  protocol: ProtocolName
  bytes: Buffer
}

/**
 * The frame of a common request, from words as people type them: `read 20000200 --to 000000000001`,
 * `read 00010000 --to 123456781012 --protocol dlt645`, `read 0C F25 --pn 1 --to 1000:1`, `link login --to 000000000001`.
 *
 * @param now for moments that are left unsaid
 * @throws BuildError that says what to write instead
 */
export function build(words: readonly string[], now: Date): Built {
  const { positional, options } = parted(words)
  const [name, ...rest] = positional
  const recipe = chosen(name, rest, options)
  const known = new Set([...recipe.options.map((option) => option.name), 'protocol'])
  for (const option of options.keys()) {
    if (!known.has(option)) throw new BuildError(`${recipe.name} of ${recipe.protocol} has no --${option}; there ${known.size === 1 ? 'is' : 'are'} ${[...known].map((one) => `--${one}`).join(', ')}`)
  }
  for (const option of recipe.options) if (option.value !== undefined && options.get(option.name) === '') throw new BuildError(`--${option.name} needs a value: ${option.help}`)
  const given: Given = {
    words: rest, now, option: (key) => options.get(key), has: (key) => options.has(key),
    need: (key, example) => options.get(key) ?? missing(recipe, key, example),
  }
  try {
    return { protocol: recipe.protocol, bytes: recipe.make(given) }
  } catch (error) {
    if (error instanceof EncodeError) throw new BuildError(`${recipe.name}: ${error.message}${known.has('data') && !options.has('data') ? '; --data gives the members of the function' : ''}`, { cause: error })
    throw error
  }
}

function missing(recipe: Recipe, key: string, example: string): never {
  throw new BuildError(`${recipe.name} needs --${key}, like --${key} ${example} (${recipe.options.find((option) => option.name === key)?.help ?? ''})`)
}

/** `--name value`, `--name=value`, `--switch`, and the other words. */
function parted(words: readonly string[]): { positional: string[]; options: Map<string, string> } {
  const switches = new Set(RECIPES.flatMap((recipe) => recipe.options.filter((option) => option.value === undefined).map((option) => option.name)))
  const positional: string[] = []
  const options = new Map<string, string>()
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const [, name, value] = /^--([a-z][a-z-]*)(?:=(.*))?$/s.exec(word) ?? []
    if (name === undefined) positional.push(word)
    else if (value !== undefined || switches.has(name)) options.set(name, value ?? '')
    else options.set(name, words[++i] ?? '')
  }
  return { positional, options }
}

function chosen(name: string | undefined, words: readonly string[], options: ReadonlyMap<string, string>): Recipe {
  // No other protocol has such an address.
  const protocol = options.get('protocol') ?? (options.get('to')?.includes(':') ? 'gdw1376.1' : undefined)
  if (protocol !== undefined && !(PROTOCOL_NAMES as readonly string[]).includes(protocol)) throw new BuildError(`no protocol '${protocol}'; there are ${PROTOCOL_NAMES.join(', ')}`)
  const named = RECIPES.filter((recipe) => recipe.name === name)
  if (named.length === 0) throw new BuildError(`${name === undefined ? 'build what?' : `no request is called '${name}';`} There are ${[...new Set(RECIPES.map((recipe) => recipe.name))].join(', ')}`)
  const possible = protocol === undefined ? named : named.filter((recipe) => recipe.protocol === protocol)
  if (possible.length === 0) throw new BuildError(`${protocol!} has no '${name!}'; it has ${RECIPES.filter((recipe) => recipe.protocol === protocol).map((recipe) => recipe.name).join(', ')}`)
  if (possible.length === 1) return possible[0]!
  const suited = possible.find((recipe) => recipe.suits?.(words))
  if (suited !== undefined) return suited
  const plain = possible.filter((recipe) => recipe.suits === undefined)
  if (plain.length === 1) return plain[0]!
  // What the words look like does not tell: the usual protocol says best what is missing.
  const usual = possible.find((recipe) => recipe.protocol === 'dlt698')
  if (usual !== undefined && name !== 'trip') return usual
  throw new BuildError(`'${name!}' of which protocol? --protocol ${possible.map((recipe) => recipe.protocol).join(' or ')}`)
}

/** What can be built, for people, lines ending in `\n`. */
export function recipesText(): string {
  return PROTOCOL_NAMES.map((protocol) => {
    const recipes = RECIPES.filter((recipe) => recipe.protocol === protocol)
    const lines = recipes.flatMap(({ name, usage, help, options }) => [
      `  ${name} ${usage}\n      ${help}\n`, ...options.map((option) => `        --${option.name}${option.value === undefined ? '' : ` ${option.value}`}  ${option.help}\n`),
    ])
    return `--protocol ${protocol}\n${lines.join('')}`
  }).join('\n')
}
