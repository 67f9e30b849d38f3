import { AUDIT_SIGNATURE_ID, auditHeadMessage, outcomeValue } from '@zhuzhan/contracts'
import { connectCryptoMachine } from '@zhuzhan/crypto-client'
import { chooseEngine } from '@zhuzhan/gm-crypto'
import { openDatabase, verifyAudit } from '@zhuzhan/persistence'
import { createLogger } from '@zhuzhan/service-kit'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { findStation } from '../station.js'

/** Walks the chain from its first entry and checks every signed head with the machine's audit key. Exit code 1 when anything does not fit. */
export function auditCommand(program: Command): void {
  const audit = program.command('audit').description('the audit log')
  audit.command('verify').description('check the chain of the whole audit log and its signed heads').option('--json', 'one line of JSON').action(async (options: { json?: boolean }) => {
    const station = await findStation()
    const database = openDatabase({ url: station.databaseUrl, max: 1, applicationName: 'zhuzhan audit' })
    const machine = await connectCryptoMachine({ url: station.cryptoUrl, secret: station.cryptoSecret, identity: 'cli', log: createLogger({ service: 'cli', level: 'silent' }) })
    try {
      const verdict = await verifyAudit(database.pool)
      const key = outcomeValue<'auditPublicKey'>((await machine.auditPublicKey([{}]))[0])
      const { engine } = await chooseEngine()
      let bad = 0
      for (const head of verdict.heads) {
        const message = auditHeadMessage(head.hash, head.signedAt.getTime())
        const genuine = head.keyId === key.keyId && await engine.verify(Buffer.from(key.publicKey, 'hex'), AUDIT_SIGNATURE_ID, message, head.signature)
        if (!head.onChain || !genuine) bad += 1
      }
      const ok = verdict.broken === undefined && bad === 0
      const last = verdict.heads.at(-1)
      createOutput(options.json === true).result(
        { ok, entries: verdict.entries, heads: verdict.heads.length, badHeads: bad, broken: verdict.broken ?? null, signedUpTo: last?.entryId ?? null },
        ok ? `The audit log is whole: ${verdict.entries} entries, ${verdict.heads.length} signed heads${last ? `, signed up to entry ${last.entryId}` : ''}.`
          : `The audit log was TAMPERED WITH: ${verdict.broken ? `entry ${verdict.broken.id} ${verdict.broken.why}` : `${bad} signed heads do not fit`}.`)
      if (!ok) process.exitCode = 1
    } finally {
      await machine.stop()
      await database.close()
    }
  })
}
