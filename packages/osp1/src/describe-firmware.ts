import type { Words } from '@zhuzhan/codec'
import type { Described } from './describe.js'
import { decodeFirmwareManifest } from './firmware.js'
import type { OrderBody } from './order-body.js'

const words = (en: string, zh: string): Words => ({ en, zh })
const line = (en: string, zh: string, value: string): Described['lines'][number] => ({ label: words(en, zh), value: words(value, value) })

/** Orders about firmware: what of a manifest people can compare with what the vendor says. */
export function describeFirmwareOrder(body: Extract<OrderBody, { kind: `firmware-${string}` }>): Described {
  switch (body.kind) {
    case 'firmware-vendor':
      return { title: words('Take firmware of a vendor', '登记固件供应商'), lines: [line('Vendor', '供应商', body.vendor), line('Public key', '公钥', body.publicKey)] }
    case 'firmware-vendor-withdraw':
      return { title: words('Take no firmware of a vendor any more', '停用固件供应商'), lines: [line('Vendor', '供应商', body.vendor)] }
    case 'firmware-withdraw':
      return { title: words('Withdraw a firmware release', '撤回固件版本'), lines: [line('Release', '发布号', body.release)] }
    case 'firmware-release': {
      const m = decodeFirmwareManifest(Buffer.from(body.fwm, 'hex'))
      return {
        title: words('Offer a firmware release to devices', '发布固件版本'),
        lines: [
          line('Release', '发布号', m.relId.toString('hex').toUpperCase()),
          line('Vendor', '供应商', m.vendor.toString('utf8')),
          line('Model', '型号', m.model.toString('utf8')),
          line('Module', '模块', String(m.moduleType)),
          line('Version', '版本', String(m.version)),
          line('From version', '最低现有版本', String(m.minVersion)),
          line('Bytes', '字节数', String(m.size)),
          line('SM3 of the image', '固件杂凑值', m.imageHash.toString('hex').toUpperCase()),
          line('Manifest', '发布清单', body.fwm),
          line("Vendor's signature", '供应商签名', body.sigVendor),
        ],
      }
    }
  }
}
