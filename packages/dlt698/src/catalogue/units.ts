/** Units of Scaler_Unit, second byte; rarely used ones rest on one source. Reference §6.2. */
export const UNITS: Readonly<Record<number, string>> = {
  1: 'year', 2: 'month', 3: 'week', 4: 'd', 5: 'h', 6: 'min', 7: 's', 8: '°', 9: '°C', 10: 'currency', 11: 'm', 12: 'm/s', 19: 'L', 20: 'kg',
  21: 'N', 22: 'Nm', 23: 'Pa', 24: 'bar', 25: 'J', 26: 'J/h', 27: 'W', 28: 'kW', 29: 'VA', 30: 'kVA', 31: 'var', 32: 'kvar', 33: 'kWh',
  34: 'kVAh', 35: 'kvarh', 36: 'A', 37: 'C', 38: 'V', 39: 'V/m', 40: 'F', 41: 'Ω', 42: 'Ωm²/m', 43: 'Wb', 44: 'T', 45: 'A/m', 46: 'H',
  47: 'Hz', 48: 'imp/kWh', 49: 'imp/kvarh', 50: 'imp/kVAh', 51: '%', 52: 'B', 53: 'dBm', 54: 'yuan/kWh', 55: 'Ah', 56: 'ms', 254: 'other', 255: '',
}
