import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { HesError, systemClock } from '@zhuzhan/core'
import { KEY_USAGE, SM2_DEFAULT_ID, certificateToPem, createRequest, crlToPem, nameText, parseCertificate, parseCrl, privateKeyToPem, requestToPem } from '@zhuzhan/gm-crypto'
import type { KeyUsage } from '@zhuzhan/gm-crypto'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { readAll, readObjects, readPrivateKey, writeNew } from '../cert/files.js'
import { issueFor, issueList, issueRoot, subjectOf } from '../cert/issue.js'
import { judgeCertificate } from '../cert/judge.js'
import { shown, shownText } from '../cert/show.js'
import { createOutput } from '../output.js'
import { withEngine } from '../with-engine.js'

/** SM2 certificates: look, ask for, check; and a CA for laboratories. */
export function certCommand(program: Command): void {
  const cert = program.command('cert').description('SM2 certificates, requests and revocation lists')

  cert.command('show').description('what a certificate, request or revocation list says (PEM or DER); nothing is verified').argument('<file>').option('--json', 'one line of JSON')
    .action((file: string, options: { json?: boolean }) => withEngine(async (engine) => {
      const objects = []
      for (const object of await readObjects(file)) objects.push(await shown(engine, object))
      createOutput(options.json === true).result({ objects }, objects.map(shownText).join('\n'))
    }))

  cert.command('csr').description('make a certificate request (PKCS#10); a key file that is not there is made')
    .requiredOption('--subject <name>', 'C=CN,O=...,CN=...').requiredOption('--key <file>', 'private key, PKCS#8 PEM').requiredOption('--out <file>')
    .option('--usage <list>', 'key usages asked for, with commas', usages).option('--json', 'one line of JSON')
    .action((options: CsrOptions) => withEngine(async (engine) => {
      const name = subjectOf(options.subject)
      const made = !existsSync(options.key)
      const privateKey = made ? (await engine.generateKeyPair()).privateKey : await readPrivateKey(options.key)
      const publicKey = await engine.publicKeyOf(privateKey)
      if (made) await writeNew(options.key, privateKeyToPem(privateKey, publicKey), true)
      const der = await createRequest(engine, { name, publicKey, privateKey, ...(options.usage && { usages: options.usage }) }, SM2_DEFAULT_ID)
      privateKey.fill(0)
      await writeNew(options.out, requestToPem({ der }))
      createOutput(options.json === true).result({ out: options.out, key: options.key, keyMade: made, subject: nameText(name) }, `Request for ${nameText(name)} written to ${options.out}${made ? `, its new private key to ${options.key}: whoever holds that file is ${nameText(name)}` : ''}.`)
    }))

  cert.command('verify').description('check a certificate link by link up to a trusted root; exit code 1 when it does not hold').argument('<file>', 'the certificate, then others that may stand between')
    .requiredOption('--ca <file>', 'trusted roots, and CAs that may stand between; may be given again', several).option('--crl <file>', 'revocation lists; may be given again', several)
    .option('--usage <usage>', 'what it must be allowed to do', oneUsage).option('--at <time>', 'as of this time (ISO 8601)', instant).option('--json', 'one line of JSON')
    .action((file: string, options: VerifyOptions) => withEngine(async (engine) => {
      const [leaf, ...others] = await readAll([file], 'certificate')
      if (!leaf) return
      const crls = options.crl && await readAll(options.crl, 'revocation-list')
      const verdict = await judgeCertificate(engine, { leaf, others, authorities: await readAll(options.ca, 'certificate'), crls, usage: options.usage, at: options.at ?? systemClock.now() })
      const subject = nameText(leaf.subject)
      createOutput(options.json === true).result({ subject, ...verdict }, verdict.ok ? `${subject} holds: ${verdict.chain.join(' <- ')}${crls ? ', not revoked' : '; revocation was not asked about (--crl)'}.` : `${subject} is REFUSED: ${verdict.why}${verdict.depth === null ? '' : ` (link ${verdict.depth})`}.`)
      if (!verdict.ok) process.exitCode = 1
    }))

  cert.command('issue').description('laboratories only: issue a certificate for a request, or with --self a new root')
    .requiredOption('--ca-key <file>', 'private key of the CA').requiredOption('--out <file>').requiredOption('--days <n>', 'how long it is valid', days)
    .option('--ca <file>', 'certificate of the CA').option('--csr <file>', 'the request').option('--usage <list>', 'key usages instead of those asked for', usages)
    .option('--authority', 'make it a CA').option('--path-length <n>', 'CAs allowed below it', pathLength, 0).option('--self', 'a root: self-signed').option('--subject <name>', 'with --self: C=CN,O=...,CN=...')
    .option('--json', 'one line of JSON')
    .action((options: IssueOptions) => withEngine(async (engine) => {
      laboratoryOnly()
      const term = { now: systemClock.now(), days: options.days }
      const caKey = await readPrivateKey(options.caKey)
      const der = options.self ? await issueRoot(engine, subjectOf(needed(options.subject, '--subject')), caKey, term, options.pathLength)
        : await issueFor(engine, await only(needed(options.ca, '--ca')), caKey, {
          ...term, request: (await readAll([needed(options.csr, '--csr')], 'request'))[0]!, usages: options.usage, authority: options.authority ? { pathLength: options.pathLength } : undefined,
        })
      caKey.fill(0)
      await writeNew(options.out, certificateToPem({ der }))
      const { subject, serial, notAfter } = parseCertificate(der)
      createOutput(options.json === true).result({ out: options.out, subject: nameText(subject), serial, notAfter: new Date(notAfter).toISOString() }, `Certificate ${serial} for ${nameText(subject)} written to ${options.out}.`)
    }))

  cert.command('revoke').description('laboratories only: the next revocation list, with what the one in --out already holds').argument('[serials...]', 'serial numbers in hex')
    .requiredOption('--ca <file>', 'certificate of the CA').requiredOption('--ca-key <file>', 'its private key').requiredOption('--out <file>', 'the list: read if it is there, then replaced')
    .option('--days <n>', 'until the next list', days, 7).option('--json', 'one line of JSON')
    .action((serials: string[], options: RevokeOptions) => withEngine(async (engine) => {
      laboratoryOnly()
      const before = existsSync(options.out) ? (await readAll([options.out], 'revocation-list'))[0] : undefined
      const caKey = await readPrivateKey(options.caKey)
      const der = await issueList(engine, await only(options.ca), caKey, { now: systemClock.now(), days: options.days, before, serials: serials.map(serialNumber) })
      caKey.fill(0)
      // A list that is only half there would be taken for none.
      await writeFile(`${options.out}.new`, crlToPem({ der }))
      await rename(`${options.out}.new`, options.out)
      const { number, revoked } = parseCrl(der)
      createOutput(options.json === true).result({ out: options.out, number, revoked: [...revoked.keys()] }, `Revocation list ${number} with ${revoked.size} certificates written to ${options.out}.`)
    }))
}

interface CsrOptions { subject: string; key: string; out: string; usage?: KeyUsage[]; json?: boolean }
interface VerifyOptions { ca: string[]; crl?: string[]; usage?: KeyUsage; at?: number; json?: boolean }
interface IssueOptions { caKey: string; out: string; days: number; ca?: string; csr?: string; usage?: KeyUsage[]; authority?: boolean; pathLength: number; self?: boolean; subject?: string; json?: boolean }
interface RevokeOptions { ca: string; caKey: string; out: string; days: number; json?: boolean }

function laboratoryOnly(): void {
  if (process.env['ZHUZHAN_PRODUCTION'] === '1') throw new HesError('PROFILE_REFUSED', 'Laboratory certificates are refused in production (ZHUZHAN_PRODUCTION=1).')
}

const only = async (file: string) => {
  const [certificate, ...more] = await readAll([file], 'certificate')
  if (!certificate || more.length > 0) throw new HesError('BODY_INVALID', `${file} must hold the certificate of the CA and no other.`)
  return certificate
}

function needed(value: string | undefined, option: string): string {
  if (value === undefined) throw new HesError('BODY_INVALID', `${option} is needed here.`)
  return value
}

const several = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

function oneUsage(text: string): KeyUsage {
  const usage = KEY_USAGE.find((one) => one === text.trim())
  if (!usage) throw new InvalidArgumentError(`Known usages: ${KEY_USAGE.join(', ')}.`)
  return usage
}
const usages = (text: string): KeyUsage[] => text.split(',').map(oneUsage)

function whole(text: string, from: number, to: number): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < from || Number(text) > to) throw new InvalidArgumentError(`A whole number from ${from} to ${to}.`)
  return Number(text)
}
const days = (text: string): number => whole(text, 1, 36_500)
const pathLength = (text: string): number => whole(text, 0, 5)

function instant(text: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new InvalidArgumentError('A time like 2026-11-22T12:00:00Z.')
  return ms
}

function serialNumber(text: string): string {
  if (!/^(?:[0-9a-fA-F]{2}){1,20}$/.test(text)) throw new HesError('BODY_INVALID', `'${text}' is no serial number in hex.`)
  return text.toUpperCase().replace(/^(?:00)+(?=..)/, '')
}
