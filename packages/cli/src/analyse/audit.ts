import { writeFile } from 'node:fs/promises'
import { AUDIT_FORMATS, auditFile } from '@zhuzhan/audit-files'
import type { AuditFormat } from '@zhuzhan/audit-files'
import { HesError } from '@zhuzhan/core'
import { LANGUAGES, auditDocument, demoPlant, siteAudit } from '@zhuzhan/energy-audit'
import type { Language, SiteAudit } from '@zhuzhan/energy-audit'
import { readTable } from '@zhuzhan/energy-models'
import { Option } from 'commander'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { readAuditCase } from './audit-case.js'
import { readJson, readText } from './files.js'

interface Options { case?: string; readings?: string; demo?: string; format: AuditFormat; lang: Language; out?: string; json?: boolean }

/** docs/analytics.md, energy audit */
export function auditCommand(analyse: Command): void {
  analyse.command('audit').description('the energy audit of a customer, a transformer area or a plant over one month')
    .option('--case <file>', 'contract, tariff, transformer and meters (JSON)').option('--readings <file>', 'CSV of registers, intervals, voltages, plain or gz')
    .option('--demo <month>', 'in place of both: a made-up plant, 2026-10')
    .addOption(new Option('--format <form>', 'of the file').choices(AUDIT_FORMATS).default('html')).addOption(new Option('--lang <language>', 'of the text').choices(LANGUAGES).default('zh'))
    .option('--out <file>', 'write the audit; without it the chief figures are printed').option('--json', 'one line of JSON')
    .action(async (options: Options) => {
      const audit = await auditOf(options)
      if (options.out !== undefined) await writeFile(options.out, await auditFile(audit, options.format, options.lang))
      createOutput(options.json === true).result(options.out === undefined ? audit : { out: options.out, format: options.format, ...audit.status }, words(audit, options))
    })
}

async function auditOf({ case: file, readings, demo, lang }: Options): Promise<SiteAudit> {
  if (demo !== undefined) {
    if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(demo)) throw new HesError('BODY_INVALID', `'${demo}' is no month: YYYY-MM.`)
    return siteAudit(demoPlant(demo, lang))
  }
  if (file === undefined || readings === undefined) throw new HesError('BODY_INVALID', 'Give --case and --readings, or --demo.')
  return siteAudit(readAuditCase(await readJson(file), readTable(await readText(readings), readings), readings, Date.now()))
}

function words(audit: SiteAudit, { out, lang }: Options): string {
  const { title, subtitle, badges, sections } = auditDocument(audit, lang)
  const [keys] = sections[0]?.blocks ?? []
  const figures = keys?.kind === 'keys' ? keys.items.map(({ label, value, unit }) => `  ${label}: ${value} ${unit}`.trimEnd()) : []
  return [`${title}: ${subtitle} (${badges.map(({ text }) => text).join(', ')})`, ...figures, ...(out === undefined ? [] : [out])].join('\n')
}
