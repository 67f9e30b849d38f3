import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { HesError, errorText } from '@zhuzhan/core'
import { SGCC_FEATURES, modelScore, rankQuality, readModel, sgccCustomer, sgccFeatures, sgccHeader, sgccSide, trainSgcc } from '@zhuzhan/energy-models'
import type { Quality, SgccRow } from '@zhuzhan/energy-models'
import { createOutput } from '../output.js'
import { readJson } from './files.js'

/** The data.csv that was published with Zheng 2018, by the project's notes. */
const PUBLISHED = '99f8fd315626b1f729a9a03a97cb52ed097ab4d43e5771e21554c9e0c369b9b7'
/** A customer with fewer days with a reading is not judged. */
const LEAST_READINGS = 30

interface Read {
  rows: (Omit<SgccRow, 'flag'> & { flag: 0 | 1 | undefined })[]
  refused: { series: string; refused: string }[]
  brokenRows: number
  takenOut: number
  days: number
  digest: string
}

/** A file in the layout of the SGCC data, plain or gz, row by row: of each customer only its features are kept. @throws HesError NOT_FOUND, DATA_REFUSED */
async function readSgcc(file: string): Promise<Read> {
  const hash = createHash('sha256')
  const lines = new PassThrough()
  const source = createReadStream(file)
  const first = await new Promise<Buffer>((resolve, reject) => { source.once('error', reject); source.once('readable', () => { resolve((source.read(2) as Buffer | null) ?? Buffer.alloc(0)) }) })
    .catch((cause: NodeJS.ErrnoException) => { throw new HesError('NOT_FOUND', `${file} cannot be read: ${cause.code === 'ENOENT' ? 'there is no such file' : errorText(cause)}.`, {}, { cause }) })
  source.unshift(first)
  const hashed = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> { for await (const chunk of chunks) { hash.update(chunk); yield chunk } }
  const packed = first[0] === 0x1f && first[1] === 0x8b
  // The digest is of the table, packed or not.
  const feeding = packed ? pipeline(source, createGunzip(), hashed, lines) : pipeline(source, hashed, lines)
  let failed: unknown
  feeding.catch((error: unknown) => { failed = error; lines.destroy() })
  const out: Read = { rows: [], refused: [], brokenRows: 0, takenOut: 0, days: 0, digest: '' }
  let header: ReturnType<typeof sgccHeader> | undefined
  try {
    for await (const line of createInterface({ input: lines, crlfDelay: Infinity })) {
      if (line.trim() === '') continue
      if (!header) {
        header = sgccHeader(line)
        out.days = header.days.length
        continue
      }
      const customer = sgccCustomer(header, line)
      if (!customer) {
        out.brokenRows++
        continue
      }
      out.takenOut += customer.takenOut
      const readings = customer.values.reduce((sum, value) => sum + (value >= 0 ? 1 : 0), 0)
      const some = customer.values.some((value) => value > 0)
      if (readings < LEAST_READINGS || !some) out.refused.push({ series: customer.name, refused: some ? `${readings} days with a reading` : 'no use at all' })
      else out.rows.push({ name: customer.name, flag: customer.flag, features: sgccFeatures(customer.values, header.start) })
    }
  } catch (error) {
    // A broken file ends the lines with the reason of whatever read it.
    if (error instanceof HesError) throw error
    failed ??= error
  }
  if (failed !== undefined) throw new HesError('DATA_REFUSED', `${file} is no whole file: ${errorText(failed)}.`)
  await feeding
  if (!header || out.rows.length === 0) throw new HesError('DATA_REFUSED', `${file} has no customer anything can be said about.`)
  return { ...out, digest: hash.digest('hex') }
}

const counted = ({ rows, refused, brokenRows, takenOut, days, digest }: Read): Record<string, unknown> => ({ customers: rows.length, days, refused: refused.length, brokenRows, takenOut, file: digest, published: digest === PUBLISHED })

export async function scoreSgcc(file: string, { model: modelFile, json }: { model?: string; json?: boolean }): Promise<void> {
  if (modelFile === undefined) throw new HesError('BODY_INVALID', 'No model of daily series ships with the station: train one with --sgcc and give it with --model.')
  const model = readModel(await readJson(modelFile), 'days', SGCC_FEATURES)
  const read = await readSgcc(file)
  const scores = read.rows.map(({ name, features }) => ({ series: name, score: Math.round(modelScore(model, features) * 1e6) / 1e6 }))
  // Of the file the model was trained on only the customers it has not seen are judged.
  const judged = read.rows.map(({ name, flag }, index) => ({ name, flag, score: scores[index]!.score })).filter(({ name, flag }) => flag !== undefined && (read.digest !== model.trained.file || sgccSide(name, model.trained.seed) === 'test'))
  const quality = rankQuality(judged.map(({ score }) => score), judged.map(({ flag }) => flag as number))
  createOutput(json === true).result({ scores, refused: read.refused, read: counted(read), ...(quality && { quality }), model: { digest: model.digest, ...model.trained } }, [
    ...[...scores].sort((a, b) => b.score - a.score).slice(0, 200).map((one) => `${one.series.padEnd(34)} ${one.score.toFixed(3)}`), ...(quality ? [words(quality)] : []),
  ].join('\n'))
}

export async function trainOnSgcc(file: string, { out, seed, source, json }: { out: string; seed: string; source?: string; json?: boolean }): Promise<void> {
  const read = await readSgcc(file)
  const labelled = read.rows.filter((row): row is SgccRow => row.flag !== undefined)
  const { model, quality } = trainSgcc(labelled, { seed: Number(seed), source: source ?? 'not said', file: read.digest })
  await writeFile(out, `${JSON.stringify(model)}\n`)
  createOutput(json === true).result({ out, digest: model.digest, ...model.trained, quality, read: counted(read) }, `${out}: learnt from ${model.trained.rows} of ${labelled.length} customers. ${words(quality)}`)
}

function words({ customers, thieves, ...measures }: Quality): string {
  const names = { auc: 'AUC', prAuc: 'PR-AUC', map100: 'MAP@100', map200: 'MAP@200', foundAt5: 'found at 5 % false alarms' }
  return `On ${customers} customers nothing learnt from, ${thieves} of them thieves: ${Object.entries(names).map(([key, name]) => { const { value, low, high } = measures[key as keyof typeof measures]; return `${name} ${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})` }).join(', ')}.`
}
