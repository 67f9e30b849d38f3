import { HesError } from '@zhuzhan/core'
import type { MemoryDisk } from './memory-store.js'
import type { ResealStore, SealedRow } from './reseal-store.js'

/** Puts rows in the place of others, once all of them are there. */
type Exchange = () => void

export function memoryReseal(disk: MemoryDisk, disown: () => void): ResealStore {
  const inMap = <K, R extends object>(rows: Map<K, R>, change: (row: R) => R): Exchange => {
    const next = [...rows].map(([key, row]) => [key, change(row)] as const)
    return () => next.forEach(([key, row]) => rows.set(key, row))
  }
  const inList = <R extends object>(rows: R[], change: (row: R) => R): Exchange => {
    const next = rows.map(change)
    return () => void rows.splice(0, rows.length, ...next)
  }
  return {
    async reseal({ tables, before, after, seal, event }) {
      await Promise.resolve()
      if (!disk.identity?.keyCheck.equals(before.keyCheck)) throw new HesError('STATE_CONFLICT', 'the machine was changed meanwhile')
      const { field, groups, firmware } = disk
      const exchangeOf = (table: string): Exchange => {
        const change = <R extends object>(row: R): R => ({ ...row, ...seal(table, row as SealedRow) })
        switch (table) {
          case 'root_key': return inList(disk.rootKeys, change)
          case 'own_key': return inList(disk.ownKeys, change)
          case 'device': return inList(disk.devices, change)
          case 'person': return inMap(field.people, change)
          case 'person_key': return inMap(field.personKeys, change)
          case 'place': return inMap(field.places, change)
          case 'policy': return inMap(field.policies, change)
          case 'mark': return inMap(field.marks, change)
          case 'mandate': return inMap(field.mandates, change)
          case 'key_update': return inMap(field.keyUpdates, change)
          case 'group_member': return inMap(groups.members, change)
          case 'firmware_vendor': return inMap(firmware.vendors, change)
          case 'firmware_release': return inMap(firmware.releases, change)
          case 'module': {
            const next = [...field.modules].map(([deviceId, rows]) => [deviceId, rows.map((row) => ({ ...row, ...seal(table, { ...row, deviceId }) }))] as const)
            return () => next.forEach(([deviceId, rows]) => field.modules.set(deviceId, rows))
          }
          default: throw new HesError('INTERNAL', `the memory store has no table ${table}`)
        }
      }
      const exchanges = tables.map(({ table }) => exchangeOf(table))
      const told = event()
      for (const exchange of exchanges) exchange()
      disk.identity = after
      disk.fencing++
      disown()
      disk.events.push(told)
    },
  }
}
