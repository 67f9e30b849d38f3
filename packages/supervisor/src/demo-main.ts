/**
 * The demo as a program of its own, for docker-compose.yml, where no supervisor starts it: registers the virtual terminals, gets
 * their keys, then runs the fleet until it is stopped.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { loadConfig, refuseToStart } from '@zhuzhan/service-kit'
import { z } from 'zod'
import { PROJECT } from './data-folder.js'
import { prepareDemo } from './demo.js'

const schema = z.object({
  ZHUZHAN_DEMO_TERMINALS: z.coerce.number().int().min(1).max(1_000).default(20),
  ZHUZHAN_DEMO_FOLDER: z.string().min(1),
  ZHUZHAN_DEMO_GATEWAY: z.string().min(1),
  ZHUZHAN_API_URL: z.url(),
  ZHUZHAN_ADMIN_USERNAME: z.string().default('admin'),
  ZHUZHAN_ADMIN_PASSWORD: z.string().min(1),
  ZHUZHAN_CRYPTO_URL: z.url(),
  ZHUZHAN_CRYPTO_SECRET: z.string().min(16),
})

async function main(): Promise<void> {
  const config = loadConfig(schema)
  const { created, args } = await prepareDemo({
    terminals: config.ZHUZHAN_DEMO_TERMINALS,
    target: {
      operatorApi: config.ZHUZHAN_API_URL,
      admin: { username: config.ZHUZHAN_ADMIN_USERNAME, password: config.ZHUZHAN_ADMIN_PASSWORD },
      cryptoUrl: config.ZHUZHAN_CRYPTO_URL,
      cryptoSecret: config.ZHUZHAN_CRYPTO_SECRET,
    },
    folder: config.ZHUZHAN_DEMO_FOLDER,
  })
  console.log(`registered ${created} virtual terminals and meters`)
  const fleet = spawn(process.execPath, ['dist/main.js', '--gateway', config.ZHUZHAN_DEMO_GATEWAY, ...args], { cwd: join(PROJECT, 'packages/fleet'), stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => fleet.kill(signal))
  fleet.once('exit', (code) => process.exit(code ?? 1))
}

await main().catch(refuseToStart)
