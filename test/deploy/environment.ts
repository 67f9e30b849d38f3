/** Every variable of the station, from the services' own config schemas, and `.env.example` as it must read. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { supervisorConfigSchema } from '@zhuzhan/supervisor'
import type { z } from 'zod'
import { ROOT } from '../architecture/workspace.js'

export interface Variable {
  name: string
  description: string
  /** As text; `undefined` = none. */
  fallback: string | undefined
  usedBy: string[]
}

/** By service name, `npm start` for the supervisor. */
export async function configSchemas(): Promise<Record<string, z.ZodObject>> {
  const schemas: Record<string, z.ZodObject> = {}
  for (const name of readdirSync(join(ROOT, 'services')).sort()) {
    // Services are not imported, except for this: the file that declares their configuration.
    const { configSchema } = (await import(join(ROOT, 'services', name, 'src/config.ts'))) as { configSchema: z.ZodObject }
    schemas[name] = configSchema
  }
  return { ...schemas, 'npm start': supervisorConfigSchema }
}

export async function variables(): Promise<Variable[]> {
  const found = new Map<string, Variable>()
  const opsPorts: string[] = []
  for (const [user, schema] of Object.entries(await configSchemas())) {
    for (const [name, type] of Object.entries(schema.shape)) {
      const known = found.get(name)
      if (name === 'ZHUZHAN_OPS_PORT') opsPorts.push(`${user} ${defaultOf(type)}`)
      const description = known?.description || type.description || ''
      found.set(name, { name, description, fallback: known?.fallback ?? defaultOf(type), usedBy: [...(known?.usedBy ?? []), user] })
    }
  }
  // Services differ here, and only here.
  const ops = found.get('ZHUZHAN_OPS_PORT')
  if (ops) Object.assign(ops, { fallback: undefined, description: `${ops.description}; default: ${opsPorts.join(', ')}` })
  return [...found.values()]
}

/** The default as it stands in the environment, before any conversion. */
function defaultOf(type: z.core.$ZodType): string | undefined {
  const { def } = type._zod
  switch (def.type) {
    case 'default': return String((def as z.core.$ZodDefaultDef).defaultValue)
    case 'optional': return defaultOf((def as z.core.$ZodOptionalDef).innerType)
    case 'pipe': return defaultOf((def as z.core.$ZodPipeDef).in)
    default: return undefined
  }
}

/** For docker-compose.yml only; no service reads these. */
const COMPOSE: Variable[] = [
  { name: 'POSTGRES_PASSWORD', description: 'password of the database user zhuzhan', fallback: undefined, usedBy: [] },
  { name: 'ZHUZHAN_MASTER_KEY', description: 'what unlocks the keys of the crypto machine, 32 random bytes as text; it becomes the file ZHUZHAN_MASTER_KEY_FILE', fallback: undefined, usedBy: [] },
  { name: 'GRAFANA_ADMIN_PASSWORD', description: 'password of the Grafana user admin', fallback: undefined, usedBy: [] },
  { name: 'GRAFANA_PORT', description: 'port of Grafana', fallback: '3000', usedBy: [] },
  { name: 'ZHUZHAN_BIND', description: 'address of this machine on which the ports are opened', fallback: '127.0.0.1', usedBy: [] },
]

const HEAD = `# Every variable of the station. A line that begins with #NAME= shows the default; take the # away to set another value.
# docker compose reads this file as .env; under npm start the same names are environment variables, and all secrets are drawn
# at the first start and kept in the data folder.
# Kept equal to the config schemas by test/deploy/environment.test.ts (UPDATE_ENV_EXAMPLE=1 writes it anew).
`

/** The whole text of `.env.example`: variables grouped by who reads them. */
export function renderEnvExample(all: readonly Variable[]): string {
  const groups = new Map<string, Variable[]>()
  const serviceCount = 5
  for (const variable of all) {
    const services = variable.usedBy.filter((user) => user !== 'npm start')
    const group = services.length >= serviceCount ? 'all services' : services.length > 0 ? services.join(', ') : 'npm start'
    groups.set(group, [...(groups.get(group) ?? []), variable])
  }
  const order = [...groups].sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b))
  return [HEAD, ...[['docker compose', COMPOSE] as const, ...order].map(([group, members]) => section(group, members))].join('\n')
}

function rank(group: string): number {
  return group === 'all services' ? 0 : group === 'npm start' ? 2 : 1
}

function section(group: string, members: readonly Variable[]): string {
  const lines = members.map(({ name, description, fallback }) => {
    const required = fallback === undefined && SECRET.test(name)
    return `# ${description}\n${required ? '' : '#'}${name}=${fallback ?? ''}\n`
  })
  return `# ---- ${group} ${'-'.repeat(Math.max(3, 110 - group.length))}\n\n${lines.join('\n')}`
}

/** Must be set for docker compose, so it stands without the #. */
const SECRET = /_(SECRET|PASSWORD|MASTER_KEY)$/
