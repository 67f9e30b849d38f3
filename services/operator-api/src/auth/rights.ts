import { ROLES } from '@zhuzhan/contracts'
import type { Role } from '@zhuzhan/contracts'

/** Who may do what, in one place. Everything that reads is open to every role; duties are held apart. */
export const RIGHTS = {
  read: ROLES,
  'registry.change': ['operator', 'admin'],
  'collection.change': ['operator', 'admin'],
  'readings.edit': ['operator', 'admin'],
  'audit.compute': ['operator', 'dispatcher', 'admin'],
  'case.work': ['operator', 'dispatcher', 'admin'],
  'case.decide': ['approver'],
  'charging.change': ['operator', 'admin'],
  'charging.vehicles': ['operator', 'dispatcher', 'admin'],
  'charging.run': ['dispatcher'],
  'command.submit': ['operator', 'dispatcher'],
  'command.control': ['dispatcher'],
  'command.decide': ['approver'],
  'cost.account': ['operator', 'admin'],
  'cost.pay': ['operator', 'admin'],
  'cost.adjust': ['admin'],
  'cost.protect': ['operator', 'dispatcher', 'admin'],
  'firmware.manage': ['admin'],
  'firmware.transfer': ['operator', 'dispatcher'],
  'groups.clock': ['operator', 'dispatcher'],
  'keys.rotate': ['admin'],
  'modules.bind': ['admin'],
  'users.manage': ['admin'],
  'webhooks.manage': ['admin'],
  'audit.read': ['admin', 'approver'],
} as const satisfies Record<string, readonly Role[]>

export type Right = keyof typeof RIGHTS

export function hasRight(roles: readonly Role[], right: Right): boolean {
  return RIGHTS[right].some((role) => roles.includes(role))
}

/** Every right these roles give. */
export function rightsOf(roles: readonly Role[]): Right[] {
  return (Object.keys(RIGHTS) as Right[]).filter((right) => hasRight(roles, right))
}
