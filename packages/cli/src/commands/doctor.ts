import { chooseEngine } from '@zhuzhan/gm-crypto'
import { openDatabase } from '@zhuzhan/persistence'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import type { Output } from '../output.js'
import { dataFolder, findStation } from '../station.js'

interface Finding { what: string; ok: boolean; detail: string }

/** What a person checks first when something does not work. */
export function doctorCommand(program: Command): void {
  program.command('doctor').description('check the machine and the running station').option('--json', 'one line of JSON').action(async (options: { json?: boolean }) => {
    const output: Output = createOutput(options.json === true)
    const findings: Finding[] = []
    const check = async (what: string, look: () => Promise<string>): Promise<void> => {
      try {
        findings.push({ what, ok: true, detail: await look() })
      } catch (error) {
        findings.push({ what, ok: false, detail: error instanceof Error ? error.message : String(error) })
      }
    }
    await check('Node', async () => process.version)
    await check('cipher engine', async () => { const choice = await chooseEngine(); return `${choice.engine.name}${choice.reason ? ` (${choice.reason})` : ''}` })
    await check('station', async () => `running, data in ${dataFolder()}, REST at ${(await findStation()).operatorApi}`)
    if (findings.at(-1)?.ok) {
      const station = await findStation()
      await check('database', async () => {
        const database = openDatabase({ url: station.databaseUrl, max: 1, applicationName: 'zhuzhan doctor' })
        try {
          const { rows } = await database.pool.query<{ version: string; terminals: number; meters: number; online: number }>(
            "SELECT version(), (SELECT count(*) FROM terminal) AS terminals, (SELECT count(*) FROM meter WHERE kind = 'meter') AS meters, (SELECT count(*) FROM terminal_session WHERE routed) AS online")
          const row = rows[0]
          return `${row?.version.split(' ').slice(0, 2).join(' ')}, ${row?.terminals} terminals (${row?.online} connected), ${row?.meters} meters`
        } finally {
          await database.close()
        }
      })
      await check('REST', async () => {
        const response = await fetch(`${station.operatorApi}/openapi.json`, { signal: AbortSignal.timeout(5_000) })
        return `answers ${response.status}`
      })
    }
    const ok = findings.every((finding) => finding.ok)
    output.result({ ok, findings }, findings.map((finding) => `${finding.ok ? 'ok  ' : 'BAD '} ${finding.what}: ${finding.detail}`).join('\n'))
    if (!ok) process.exitCode = 1
  })
}
