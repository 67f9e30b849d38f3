import { equalBytes } from '@zhuzhan/gm-crypto'
import type { Role } from '@zhuzhan/osp1'
import type { Vault } from '../keys/vault.js'
import type { PersonRow, PolicyRow } from '../store/authority-store.js'
import type { MachineStore } from '../store/store.js'
import { personMac, policyMac } from './row-macs.js'

/** In a person's list: every area there is and will be. Never in a ticket and never a device's. */
export const EVERY_AREA = Buffer.alloc(8, 0xff)

export interface People {
  /** By id; a row whose MAC is wrong is nobody. */
  get(id: Uint8Array): Promise<PersonRow | undefined>
  all(): Promise<PersonRow[]>
  policies(): Promise<PolicyRow[]>
  /** Read again, after an order. */
  drop(): void
}

/** People and policies, cached: while we hold the lease nobody else changes them. They are few. */
export function createPeople({ store, vault }: { store: MachineStore; vault: Vault }): People {
  let loading: Promise<{ people: Map<string, PersonRow>; policies: PolicyRow[] }> | undefined
  const load = async () => {
    const [people, policies] = await Promise.all([store.people(), store.policies()])
    const genuine = people.filter((row) => equalBytes(row.rowMac, personMac(vault, row)))
    for (const row of people)
      if (!genuine.includes(row)) await store.addEvent({ kind: 'row-changed-outside', subject: `person ${row.id.toString('hex')}` })
    return {
      people: new Map(genuine.map((row) => [row.id.toString('hex'), row])),
      policies: policies.filter((row) => equalBytes(row.rowMac, policyMac(vault, row))),
    }
  }
  const table = (): ReturnType<typeof load> => {
    if (!loading) {
      const started = load()
      loading = started
      started.catch(() => {
        if (loading === started) loading = undefined
      })
    }
    return loading
  }
  return {
    get: async (id) => (await table()).people.get(Buffer.from(id).toString('hex')),
    all: async () => [...(await table()).people.values()],
    policies: async () => (await table()).policies,
    drop: () => {
      loading = undefined
    },
  }
}

/** May this person act in this role, in this area? */
export function entitled(person: PersonRow | undefined, role: Role, area: Uint8Array): boolean {
  return (
    person?.state === 'active' &&
    person.roles.includes(role) &&
    person.areas.some((one) => one.equals(area) || one.equals(EVERY_AREA))
  )
}
