import { leaf, list } from './layouts.js'
import type { ObjectRow } from './model.js'
import { attribute, objectsOf } from './objects.js'

const object = objectsOf('§8.1')
type Sign = 'signed' | 'unsigned'

/** Attribute 2 in 10^-2 and attribute 4, the high-precision register, in 10^-4. Class 1, reference §7, §8.1. */
function register(oi: string, name: string, nameZh: string, unit: string, sign: Sign = 'unsigned', recorded = false): ObjectRow {
  const usual = leaf(sign === 'signed' ? 'double-long' : 'double-long-unsigned', -2, unit)
  const precise = leaf(sign === 'signed' ? 'long64' : 'long64-unsigned', -4, unit)
  return object(oi, 1, name, nameZh, {
    attributes: {
      2: attribute(name, nameZh, list(usual, 'tariffs'), { access: 'read', confidence: recorded ? 'recorded' : 'one-source' }),
      4: attribute(`${name} (high precision)`, `${nameZh}(高精度)`, list(precise, 'tariffs'), { access: 'read' }),
    },
  })
}

/** Whether the registers of single phases have tariffs too is UNSURE; both forms are read. */
export const energy: readonly ObjectRow[] = [
  register('0000', 'Combined active energy', '组合有功电能', 'kWh', 'signed'),
  register('0010', 'Forward active energy', '正向有功电能', 'kWh', 'unsigned', true),
  register('0011', 'Forward active energy of phase A', 'A相正向有功电能', 'kWh'),
  register('0012', 'Forward active energy of phase B', 'B相正向有功电能', 'kWh'),
  register('0013', 'Forward active energy of phase C', 'C相正向有功电能', 'kWh'),
  register('0020', 'Reverse active energy', '反向有功电能', 'kWh', 'unsigned', true),
  register('0021', 'Reverse active energy of phase A', 'A相反向有功电能', 'kWh'),
  register('0022', 'Reverse active energy of phase B', 'B相反向有功电能', 'kWh'),
  register('0023', 'Reverse active energy of phase C', 'C相反向有功电能', 'kWh'),
  register('0030', 'Combined reactive energy 1', '组合无功1电能', 'kvarh', 'signed'),
  register('0040', 'Combined reactive energy 2', '组合无功2电能', 'kvarh', 'signed'),
  register('0050', 'Reactive energy, quadrant 1', '第一象限无功电能', 'kvarh'),
  register('0060', 'Reactive energy, quadrant 2', '第二象限无功电能', 'kvarh'),
  register('0070', 'Reactive energy, quadrant 3', '第三象限无功电能', 'kvarh'),
  register('0080', 'Reactive energy, quadrant 4', '第四象限无功电能', 'kvarh'),
  register('0090', 'Forward apparent energy', '正向视在电能', 'kVAh'),
  register('00A0', 'Reverse apparent energy', '反向视在电能', 'kVAh'),
]
