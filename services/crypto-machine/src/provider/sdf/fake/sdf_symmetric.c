#include "internal.h"

/* One block; anything but SM4 is a marker that says so, or refused. */
static int block(uint32_t base, const uint8_t k[16], const uint8_t *in, uint8_t *out, int decrypt) {
  if (base == SM4) {
    uint8_t used[16];
    memcpy(used, k, 16);
    if (control_has("altered")) used[0] ^= 1;
    sm4_block(used, in, out, decrypt);
    return OK;
  }
  if ((base != SM1 && base != SM7) || !control_has("marker")) return NO_ALGORITHM;
  size_t size = base == SM7 ? 8 : 16;
  for (size_t i = 0; i < size; i++) out[i] = in[size - 1 - i] ^ 0x5a;
  return OK;
}
static int run(uint32_t algorithm, const uint8_t k[16], uint8_t *iv, const uint8_t *in, uint32_t length, uint8_t *out, int decrypt) {
  uint32_t base = algorithm & ~0xffu, mode = algorithm & 0xff;
  size_t size = base == SM7 ? 8 : 16;
  uint8_t last[16], next[16], mixed[16];
  if (mode != ECB && mode != CBC && !(mode == MAC && !decrypt)) return NO_ALGORITHM;
  if (length == 0 || length % size) return IN_ARGUMENT;
  memset(last, 0, 16);
  if (mode != ECB && iv) memcpy(last, iv, size);
  for (size_t at = 0; at < length; at += size) {
    memcpy(mixed, in + at, size);
    memcpy(next, in + at, size);
    if (!decrypt) for (size_t i = 0; i < size && mode != ECB; i++) mixed[i] ^= last[i];
    uint8_t done[16];
    int code = block(base, k, mixed, done, decrypt);
    if (code != OK) return code;
    if (decrypt) for (size_t i = 0; i < size && mode == CBC; i++) done[i] ^= last[i];
    memcpy(last, decrypt ? next : done, size);
    memcpy(mode == MAC ? out : out + at, done, size);
  }
  if (mode != ECB && iv) memcpy(iv, last, size); /* some libraries leave the next IV behind */
  return OK;
}

uint32_t SDF_GetSymmKeyHandle(session *s, uint32_t index, void **out) {
  uint8_t bytes[16];
  ENTER(s);
  int code = kek(bytes, index);
  LEAVE(s, code != OK ? (uint32_t)code : new_key(s, bytes, out));
}
static void wrap(const uint8_t k[16], const uint8_t iv[16], const uint8_t bytes[16], uint8_t out[48]) {
  uint8_t chain[16];
  memcpy(out, iv, 16);
  for (int i = 0; i < 16; i++) chain[i] = iv[i] ^ bytes[i];
  sm4_block(k, chain, out + 16, 0);
  sm4_block(k, iv, chain, 0);
  for (int i = 0; i < 16; i++) chain[i] ^= out[16 + i];
  sm4_block(k, chain, out + 32, 0);
}
uint32_t SDF_GenerateKeyWithKEK(session *s, uint32_t bits, uint32_t algorithm, uint32_t index, uint8_t *wrapped, uint32_t *length, void **out) {
  uint8_t k[16], fresh[32], iv[32];
  ENTER(s);
  int code = kek(k, index);
  if (algorithm != (SM4 | CBC)) LEAVE(s, NO_ALGORITHM);
  if (bits != 128 || code != OK) LEAVE(s, code != OK ? code : IN_ARGUMENT);
  if (*length < 48) LEAVE(s, OUT_ARGUMENT);
  sm2_random_scalar(fresh);
  sm2_random_scalar(iv);
  wrap(k, iv + 16, fresh + 16, wrapped);
  *length = 48;
  LEAVE(s, new_key(s, fresh + 16, out));
}
uint32_t SDF_ImportKeyWithKEK(session *s, uint32_t algorithm, uint32_t index, const uint8_t *wrapped, uint32_t length, void **out) {
  uint8_t k[16], bytes[16], again[48];
  ENTER(s);
  int code = kek(k, index);
  if (algorithm != (SM4 | CBC)) LEAVE(s, NO_ALGORITHM);
  if (length != 48 || code != OK) LEAVE(s, code != OK ? code : IN_ARGUMENT);
  sm4_block(k, wrapped + 16, bytes, 1);
  for (int i = 0; i < 16; i++) bytes[i] ^= wrapped[i];
  wrap(k, wrapped, bytes, again);
  if (memcmp(again, wrapped, 48) != 0) LEAVE(s, KEY_WRONG);
  LEAVE(s, new_key(s, bytes, out));
}
static int usable(session *s, key *k) { return !k || k->magic != KEY || k->owner != s ? NO_KEY : OK; }
uint32_t SDF_DestroyKey(session *s, key *k) {
  ENTER(s);
  if (usable(s, k) != OK) LEAVE(s, NO_KEY);
  k->magic = 0;
  free(k);
  LEAVE(s, OK);
}
static uint32_t cipher(session *s, key *k, uint32_t algorithm, uint8_t *iv, const uint8_t *in, uint32_t length, uint8_t *out,
                       uint32_t *out_length, int decrypt, int mac) {
  int code = usable(s, k);
  if (code == OK && ((algorithm & 0xff) == MAC) != mac) code = NO_ALGORITHM;
  if (code == OK) code = run(algorithm, k->key, iv, in, length, out, decrypt);
  if (code == OK) *out_length = mac ? ((algorithm & ~0xffu) == SM7 ? 8 : 16) : length;
  LEAVE(s, code);
}
uint32_t SDF_Encrypt(session *s, key *k, uint32_t a, uint8_t *iv, const uint8_t *in, uint32_t n, uint8_t *out, uint32_t *m) {
  ENTER(s); return cipher(s, k, a, iv, in, n, out, m, 0, 0);
}
uint32_t SDF_Decrypt(session *s, key *k, uint32_t a, uint8_t *iv, const uint8_t *in, uint32_t n, uint8_t *out, uint32_t *m) {
  ENTER(s); return cipher(s, k, a, iv, in, n, out, m, 1, 0);
}
uint32_t SDF_CalculateMAC(session *s, key *k, uint32_t a, uint8_t *iv, const uint8_t *in, uint32_t n, uint8_t *out, uint32_t *m) {
  ENTER(s); return cipher(s, k, a, iv, in, n, out, m, 0, 1);
}
